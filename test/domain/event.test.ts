import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileCheck } from '../../src/domain/check.ts'
import { EVENT_TYPE_NAMES, EVENT_TYPES, EventInputSchema, type EventType, type Fields } from '../../src/domain/event.ts'
import * as accounts from '../../src/domain/events/account-events.ts'
import * as credits from '../../src/domain/events/credit-events.ts'
import * as loans from '../../src/domain/events/loan-events.ts'
import * as orders from '../../src/domain/events/order-events.ts'
import * as sessions from '../../src/domain/events/session-events.ts'
import { hash32 } from '../../src/domain/hash.ts'
import { arbitraryData } from '../features/event-data.ts'

const AT_MS = Date.parse('2026-11-23T12:00:00Z')
const DAY_MS = 86_400_000

function fieldsOf(type: EventType, data: object): Fields {
  const { fields } = EVENT_TYPES[type]
  const all = (fields as (data: object, atMs: number) => Fields)(data, AT_MS)
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** As stored: a line may be added, none may change. */
const STORED_CODES: readonly [EventType, number][] = [
  ['application.submitted', 1],
  ['loan.disbursed', 2],
  ['repayment.received', 3],
  ['repayment.failed', 4],
  ['loan.closed', 5],
  ['auth.login', 6],
  ['profile.changed', 7],
  ['account.registered', 8],
  ['auth.login_failed', 9],
  ['auth.otp_requested', 10],
  ['auth.otp_verified', 11],
  ['kyc.completed', 12],
  ['bankcard.bound', 13],
  ['bankcard.unbound', 14],
  ['form.interaction', 15],
  ['device.snapshot', 16],
  ['bureau.received', 17],
  ['decision.made', 18],
  ['offer.accepted', 19],
  ['offer.expired', 20],
  ['contract.signed', 21],
  ['repayment.due', 22],
  ['repayment.returned', 23],
  ['order.paid', 24],
  ['order.refunded', 25],
  ['collection.contacted', 26],
  ['limit.changed', 27],
  ['limit.used', 28],
  ['bill.issued', 29],
  ['bill.paid', 30],
  ['bill.status', 31],
  ['account.transaction', 32],
  ['account.balance', 33],
  ['fraud.labelled', 34],
  ['dispute.opened', 35],
  ['consent.changed', 36],
  ['loan.restructured', 37],
  ['loan.written_off', 38],
  ['loan.recovered', 39],
  ['loan.warned', 40],
  ['application.withdrawn', 41]
]

test('the codes of event types are the stored ones', () => {
  const codes = EVENT_TYPE_NAMES.map((type) => [type, EVENT_TYPES[type].code] as const)
  expect(codes.toSorted(([, left], [, right]) => left - right)).toEqual(STORED_CODES)
})

/** As stored, too. */
const STORED_MEMBERS = {
  BILL_CODES: '1 unused 2 paid_in_full 3 revolving 4 late',
  CASH_FLOW_CODES:
    '1 income 2 pension 3 household 4 insurance 5 loan_payment 6 interest 7 penalty_interest 8 cash 9 card 10 transfer 11 other',
  CONSENT_CODES: '1 automated_decision 2 bureau_query 3 marketing',
  CONTACT_CODES: '1 promised 2 reached 3 not_reached 4 disputed 5 refused',
  DEBIT_FAILURE_CODES: '1 insufficient_funds 2 card_invalid 3 limit_exceeded 4 bank_unavailable 5 other',
  DISPUTE_CODES: '1 amount 2 not_mine 3 paid_already 4 conduct 5 other',
  DRAW_CODES: '1 purchase 2 cash 3 transfer',
  GOODS_CODES:
    '1 food 2 household 3 clothing 4 travel 5 services 6 education 7 health 8 other 100 electronics 101 phones 102 jewellery 103 gold 104 gift_cards',
  KYC_CODES: '1 passed 2 unclear 3 failed',
  LABEL_CODES: '1 cleared 2 suspected 3 confirmed',
  LENDER_CODES: '1 bank 2 consumer_finance 3 microloan 4 other',
  LIMIT_CODES: '1 granted 2 raised 3 lowered 4 frozen 5 closed 6 unchanged',
  LOGIN_CODES: '1 sms 2 password 3 biometric 4 other',
  LOGIN_FAILURE_CODES: '1 wrong_secret 2 unknown_account 3 locked 4 expired 5 other',
  NAME_MATCH_CODES: '1 full 2 partial 3 none',
  OTP_PURPOSE_CODES: '1 login 2 register 3 apply 4 bind_card 5 change_profile 6 other',
  OTP_RESULT_CODES: '1 passed 2 wrong 3 expired',
  OUTCOME_CODES: '1 APPROVE 2 REFER 3 DECLINE',
  PASTE_BITS: '1 other 2 income 4 address 8 contact 16 phone 32 bankCard 64 name 128 nationalId',
  PROFILE_FIELD_CODES: '1 phone 2 address 3 employer 4 income 5 bankCard 6 emergencyContact',
  REPAYMENT_CODES: '1 scheduled 2 partial 3 final 4 prepaid',
  RESTRUCTURING_CODES: '1 extension 2 payment_holiday 3 reduced_rate 4 settlement 5 other',
  TAMPERING_BITS: '1 rooted 2 emulator 4 hooked',
  WARNING_CODES: '1 none 2 yellow 3 orange 4 red'
}

test('the codes of members of closed lists are the stored ones', () => {
  const lists = Object.entries({ ...accounts, ...credits, ...loans, ...orders, ...sessions })
  const codes = lists.filter(([name]) => /_(CODES|BITS)$/.test(name))
  const written = codes.map(([name, members]) => {
    const pairs = Object.entries(members as Record<string, number>).toSorted(([, left], [, right]) => left - right)
    return [name, pairs.map(([member, code]) => `${code} ${member}`).join(' ')]
  })
  expect(Object.fromEntries(written)).toEqual(STORED_MEMBERS)
})

describe.each(EVENT_TYPE_NAMES)('%s', (type) => {
  const { data } = EVENT_TYPES[type]
  const check = compileCheck(data)

  test('takes the payloads that its schema describes and remembers safe integers of them', () => {
    fc.assert(
      fc.property(arbitraryData(data), (dataAt) => {
        const payload = dataAt(AT_MS)
        expect(check(payload)).toMatchObject({ ok: true })
        for (const [field, value] of Object.entries(fieldsOf(type, payload)))
          expect(Number.isSafeInteger(value), `${field} is ${value}`).toBe(true)
      }),
      { numRuns: 50 }
    )
  })

  test('takes no field besides, and no free text', () => {
    const problems = check({ anything: 'x' })
    expect(problems.ok ? [] : problems.problems.map(({ field }) => field)).toContain('/anything')
    for (const member of Object.values(data.properties as Record<string, { type?: string; pattern?: string }>))
      if (member.type === 'string') expect(member.pattern).toBeDefined()
  })
})

test.each<[string, EventType, object, Fields]>([
  [
    'a login says how, from where, whether the device is new and whether the address is a proxy’s',
    'auth.login',
    { method: 'password', isNewDevice: true, isProxy: false, city: 'LOS' },
    { code: 2, hash: hash32('LOS', 0), count: 1, permille: 0 }
  ],
  ['a login that says nothing has no fields, not zeros', 'auth.login', {}, {}],
  [
    'an income that grew by half',
    'profile.changed',
    { field: 'income', changePermille: 1500 },
    { code: 4, permille: 1500 }
  ],
  [
    'pasted fields are bits; backspaces a share of keystrokes',
    'form.interaction',
    { formId: 'f', durationMs: 9000, keystrokes: 40, backspaces: 3, pastes: 2, pastedFields: ['income', 'nationalId'] },
    { durationMs: 9000, code: 130, count: 2, permille: 75 }
  ],
  [
    'nothing pasted is 0',
    'form.interaction',
    { formId: 'f', durationMs: 0, pastedFields: [] },
    { durationMs: 0, code: 0 }
  ],
  [
    'a hooked emulator with a SIM of three days',
    'device.snapshot',
    { tampering: ['hooked', 'emulator'], isVpn: true, simChangedDays: 3 },
    { code: 6, permille: 1000, durationMs: 3 * DAY_MS }
  ],
  [
    'a query of a microloan company',
    'bureau.received',
    {
      provider: 'b',
      isHit: true,
      lender: 'microloan',
      institution: 'm1',
      accounts: 4,
      monthlyInstalmentsMinor: 90_000
    },
    { amountMinor: 90_000, code: 3, hash: hash32('m1', 0), count: 4, permille: 1000 }
  ],
  [
    'a credit balance on a bill is negative',
    'bill.issued',
    { balanceMinor: -12_300, utilisationPermille: -41 },
    { amountMinor: -12_300, permille: -41 }
  ],
  ['a bill two months late', 'bill.status', { status: 'late', monthsLate: 2 }, { code: 4, count: 2 }],
  [
    'a debit is negative',
    'account.transaction',
    { amountMinor: -50_000, purpose: 'household' },
    { amountMinor: -50_000, code: 3 }
  ],
  ['seconds of reading', 'contract.signed', { readingSeconds: 12 }, { durationMs: 12_000 }],
  [
    'an order of gold, half on credit',
    'order.paid',
    { orderId: 'o', merchant: 'shop', goods: 'gold', amountMinor: 100, creditPermille: 500 },
    { amountMinor: 100, code: 103, hash: hash32('shop', 0), permille: 500 }
  ],
  [
    'a partial repayment a day late',
    'repayment.received',
    { loanId: 'l', instalmentNo: 1, dueAtMs: AT_MS - DAY_MS, amountMinor: 0, kind: 'partial' },
    { amountMinor: 0, lagMs: DAY_MS, code: 2 }
  ]
])('%s', (_name, type, data, fields) => {
  expect(fieldsOf(type, data)).toEqual(fields)
})

describe('a time in the wrong unit', () => {
  const check = compileCheck(EventInputSchema)
  const problemsOf = (occurredAtMs: number) => {
    const checked = check({ eventId: 'e', type: 'auth.login', applicantId: 'a', data: {}, occurredAtMs })
    return checked.ok ? [] : checked.problems
  }

  test.each([
    ['seconds', Math.floor(AT_MS / 1000), 'is before 1990: looks like seconds; send milliseconds'],
    ['microseconds', AT_MS * 1000, 'is after 2100: looks like microseconds; send milliseconds']
  ])('in %s is named with its likely cause', (_unit, occurredAtMs, problem) => {
    expect(problemsOf(occurredAtMs)).toEqual([{ field: '/occurredAtMs', problem }])
  })
})
