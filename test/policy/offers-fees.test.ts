import { describe, expect, test } from 'vitest'
import { compileCheck } from '../../src/domain/check.ts'
import { OfferSchema } from '../../src/domain/decision.ts'
import { type Asked, DISCLOSURE, eachPeriod, firstOf, offering, offersOf, TEXTS, upfront } from './offering.ts'

const inPercent = (asked: Asked) => {
  const { nominal, effective } = firstOf(asked).apr
  return [(nominal * 100).toFixed(2), (effective * 100).toFixed(2)]
}
const LOAN_12_WITH_GUARANTEE: Asked = { nominalRate: 0.12, product: { fees: [eachPeriod(0.01)] } }
const REFUSED = { kind: 'none', code: 'R310' }

describe('fees are part of the rate', () => {
  test('0.65 % of the principal a month, called 7.8 %, is 14.10 % nominal and 15.05 % effective', () => {
    const product = { fees: [eachPeriod(0.0065)], repaymentMethods: ['EQUAL_PRINCIPAL' as const] }
    expect(inPercent({ nominalRate: 0, product })).toEqual(['14.10', '15.05'])
  })

  test('18 % with 3 % up front is 23.91 % and 26.71 %: within a cap of 24 % on the nominal reading, above it on the effective', () => {
    const loan: Asked = { nominalRate: 0.18, product: { fees: [upfront(0.03)] } }
    expect(inPercent(loan)).toEqual(['23.91', '26.71'])
    expect(offering({ ...loan, caps: { nominal: 0.24, effective: null } }).kind).toBe('offers')
    expect(offering({ ...loan, caps: { nominal: null, effective: 0.24 } })).toEqual(REFUSED)
  })

  test('12 % with a guarantee fee of 1 % a month is refused as 32.76 % nominal, 38.15 % effective', () => {
    expect(inPercent(LOAN_12_WITH_GUARANTEE)).toEqual(['32.76', '38.15'])
    const { nominal } = firstOf(LOAN_12_WITH_GUARANTEE).apr
    for (const cap of [0.12, 0.24, 0.3, nominal - 1e-4])
      expect(offering({ ...LOAN_12_WITH_GUARANTEE, caps: { nominal: cap, effective: null } })).toEqual(REFUSED)
    expect(offering({ ...LOAN_12_WITH_GUARANTEE, caps: { nominal: nominal + 1e-4, effective: null } }).kind).toBe(
      'offers'
    )
    expect(offering({ ...LOAN_12_WITH_GUARANTEE, caps: { nominal: null, effective: 0.3814 } })).toEqual(REFUSED)
  })

  test('stand in each instalment, in the payout and in the totals, to the cent', () => {
    const fees = [eachPeriod(0.01), upfront(0.03), { ...TEXTS, collected: 'eachPeriod' as const, flatMinor: 150 }]
    const offer = firstOf({ nominalRate: 0.18, product: { fees } })
    expect(offer.schedule[0]).toEqual({
      no: 1,
      dueDate: '2026-12-25',
      principalMinor: 76_680,
      interestMinor: 15_000,
      feesMinor: 10_150,
      totalMinor: 101_830,
      balanceMinor: 923_320
    })
    expect(offer).toMatchObject({
      receivedMinor: 970_000,
      totalInterestMinor: 100_161,
      totalFeesMinor: 30_000 + 12 * 10_150,
      totalCostMinor: 100_161 + 30_000 + 12 * 10_150,
      totalRepayableMinor: 1_000_000 + 100_161 + 12 * 10_150
    })
    expect(offer.schedule.reduce((sum, { totalMinor }) => sum + totalMinor, 0)).toBe(offer.totalRepayableMinor)
  })

  test('weigh on the income too: what is left of it after a fee carries a smaller loan', () => {
    const product = { fees: [eachPeriod(0.01), { ...TEXTS, collected: 'eachPeriod' as const, flatMinor: 1_000 }] }
    const asked = { monthlyIncomeMinor: 160_000, amountMinor: 2_000_000 }
    // Half the income is 80,000 a month; an instalment is 9.168 % of the loan.
    expect(firstOf(asked).amountMinor).toBe(870_000)
    const offer = firstOf({ ...asked, product })
    expect(offer.amountMinor).toBe(770_000)
    expect(offer.schedule[0]?.totalMinor).toBeLessThanOrEqual(80_000)
    expect(offering({ ...asked, monthlyIncomeMinor: 1_900, product })).toEqual({ kind: 'none', code: 'R301' })
  })

  test('that eat the whole payout leave no offer', () => {
    expect(offering({ product: { fees: [upfront(1)] } })).toEqual(REFUSED)
  })
})

describe('the cost table of an offer', () => {
  const fees = [{ ...upfront(0.03), name: '服务费', payee: '平台', payeeLicence: 'none' }, eachPeriod(0.002)]
  const withFees: Asked = { nominalRate: 0.12, product: { fees, disclosure: DISCLOSURE } }

  test('without fees has the interest alone, at the rate of the loan', () => {
    const { costDisclosure } = firstOf({ product: { fees: [], disclosure: DISCLOSURE } })
    expect(costDisclosure).toEqual({
      template: 'CN-2026-08',
      principalMinor: 1_000_000,
      items: [{ ...DISCLOSURE.interest, annualised: 0.180002, amountMinor: 100_161 }],
      allInAnnualised: 0.180002,
      contingent: DISCLOSURE.contingent,
      noOtherCharges: true,
      minReadingSeconds: 10,
      confirmationRequired: true
    })
  })

  test('has an item for each fee with its payee; rates add up to the all-in rate and amounts to the total cost', () => {
    for (const method of ['EQUAL_INSTALMENT', 'EQUAL_PRINCIPAL', 'BULLET', 'DAILY_ACCRUAL'] as const) {
      const offer = firstOf({ ...withFees, product: { ...withFees.product, repaymentMethods: [method] } })
      const { items, allInAnnualised } = offer.costDisclosure!
      expect(items.map(({ name, payee }) => [name, payee])).toEqual([
        ['利息', '贷款人'],
        ['服务费', '平台'],
        ['担保费', '担保公司']
      ])
      expect(items.map(({ amountMinor }) => amountMinor)).toEqual([offer.totalInterestMinor, 30_000, 24_000])
      expect(items.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(offer.totalCostMinor)
      expect(items.reduce((sum, { annualised }) => sum + annualised, 0)).toBeCloseTo(allInAnnualised, 12)
      expect(allInAnnualised).toBe(offer.apr.nominal)
      expect(items[0]!.annualised).toBeCloseTo(method === 'DAILY_ACCRUAL' ? 0.1202 : 0.12, 3)
      for (const { annualised } of items) expect(annualised).toBeGreaterThan(0.02)
    }
  })

  test('and all the rest of an offer follow the schema of a decision', () => {
    const check = compileCheck(OfferSchema)
    const product = { ...withFees.product, funding: [{ partner: 'self', share: 1 }], offerGrid: {} }
    for (const method of ['EQUAL_INSTALMENT', 'DAILY_ACCRUAL'] as const)
      for (const offer of offersOf({ ...withFees, product: { ...product, repaymentMethods: [method] } }))
        expect(check(JSON.parse(JSON.stringify(offer)))).toMatchObject({ ok: true })
  })
})
