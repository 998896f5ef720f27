import { describe, expect, test } from 'vitest'
import { afterApproval } from '../../demo/borrower.ts'
import { demandOf } from '../../demo/demand.ts'
import { emptyMetrics, parseExposition } from '../../demo/exposition.ts'
import { readOptions } from '../../demo/options.ts'
import { type DemoApplication, world } from '../../demo/world.ts'
import { OptionError } from '../../load-tests/command-line.ts'
import { DecisionRequestSchema } from '../../src/domain/application.ts'
import { compileCheck } from '../../src/domain/check.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { EventInputSchema } from '../../src/domain/event.ts'

const DAY_MS = 86_400_000
const START_MS = Date.UTC(2026, 0, 1)
const WORLD = { seed: 3, people: 300, days: 100, startMs: START_MS }
const all = [...world(WORLD)]
const applications = all.filter((item) => item.kind === 'application')

describe('the world of the demo', () => {
  test('is the same for the same seed, another for another one, and in order of time', () => {
    expect([...world(WORLD)]).toEqual(all)
    expect([...world({ ...WORLD, seed: 4 })]).not.toEqual(all)
    const times = all.map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((one, other) => one - other))
  })

  test('asks for what is valid and mostly for cash in naira', () => {
    const check = compileCheck(DecisionRequestSchema)
    expect(applications.filter(({ request }) => !check(request).ok)).toEqual([])
    const cash = applications.filter(({ request }) => request.product === 'cash' && request.currency === 'NGN')
    expect(cash.length / applications.length).toBeGreaterThan(0.75)
    expect(cash.length).toBeLessThan(applications.length)
  })

  test('has one attack, from two devices within hours, by frauds with bought identities', () => {
    const attack = applications.filter(({ isAttack }) => isAttack)
    expect(attack.length).toBe(12)
    expect(new Set(attack.map(({ request }) => request.device?.deviceId)).size).toBeLessThanOrEqual(3)
    expect(new Set(attack.map(({ request }) => request.applicantId)).size).toBe(12)
    expect((attack.at(-1)?.atMs ?? 0) - (attack[0]?.atMs ?? 0)).toBeLessThan(DAY_MS / 4)
    expect(attack.every(({ truth }) => truth.isFraud)).toBe(true)
  })

  test('has other people in the last quarter: poorer, younger, asking for more', () => {
    const cash = applications.filter(({ request, isAttack }) => request.product === 'cash' && !isAttack)
    const mean = (of: (application: DemoApplication) => number | undefined, isDrifted: boolean) => {
      const values = cash.filter((each) => each.isDrifted === isDrifted).flatMap((each) => of(each) ?? [])
      return values.reduce((sum, value) => sum + value, 0) / values.length
    }
    const income = ({ request }: DemoApplication) => request.applicant.monthlyIncomeMinor
    const born = ({ request }: DemoApplication) => request.applicant.birthYear
    const asked = ({ request }: DemoApplication) => request.amountMinor
    expect(mean(income, true)).toBeLessThan(0.8 * mean(income, false))
    expect(mean(born, true)).toBeGreaterThan(mean(born, false) + 5)
    expect(mean(asked, true)).toBeGreaterThan(1.15 * mean(asked, false))
    expect(demandOf(applications[0]?.request as never, false).applicationId).toBe(
      applications[0]?.request.applicationId
    )
  })
})

const schedule = [30, 60, 90].map((days, index) => ({
  no: index + 1,
  dueDate: new Date(START_MS + days * DAY_MS).toISOString().slice(0, 10),
  principalMinor: 400_000,
  interestMinor: 20_000,
  totalMinor: 420_000,
  balanceMinor: 400_000 * (2 - index)
}))
const decision = {
  decisionId: '01a2120a-aa9d-703a-8d9a-973cbbca7d9f',
  decision: 'APPROVE',
  validUntil: new Date(START_MS + 7 * DAY_MS).toISOString(),
  score: { pd: 0.2, points: 500, band: 'C' },
  offers: [{ offerId: '01a2120a-aa9d-703a-8d9a-973cbbca7d9f-1', amountMinor: 1_200_000, currency: 'NGN', schedule }]
} as unknown as Decision
const lives = applications.map((application) => ({
  application,
  life: afterApproval(1, application, decision, START_MS)
}))
const typesOf = (life: (typeof lives)[number]['life']) =>
  life.map((each) => (each.kind === 'event' ? each.event.type : each.outcome.outcome))

describe('what comes of an approval', () => {
  test('is events that the service takes, none before the approval, and at most one outcome', () => {
    const check = compileCheck(EventInputSchema)
    for (const { life } of lives) {
      expect(life.filter((each) => each.kind === 'event' && !check(each.event).ok)).toEqual([])
      expect(life.filter(({ atMs }) => atMs < START_MS)).toEqual([])
      expect(typesOf(life).filter((type) => type === 'good' || type === 'bad').length).toBeLessThanOrEqual(1)
      const ids = life.flatMap((each) => (each.kind === 'event' ? [each.event.eventId] : []))
      expect(new Set(ids).size).toBe(ids.length)
    }
  })

  test('has everything in it: withdrawals, returned debits, promises, restructurings, write-offs and recoveries', () => {
    const types = new Set(lives.flatMap(({ life }) => typesOf(life)))
    expect([...types].sort()).toEqual(
      [
        ...['application.withdrawn', 'bad', 'collection.contacted', 'contract.signed', 'good', 'loan.closed'],
        ...['loan.disbursed', 'loan.recovered', 'loan.restructured', 'loan.written_off', 'offer.accepted'],
        ...['offer.expired', 'repayment.failed', 'repayment.received', 'repayment.returned']
      ].sort()
    )
  })

  test('a good loan is paid to the cent; a fraud pays nothing', () => {
    for (const { application, life } of lives) {
      const paid = life.reduce((sum, each) => {
        if (each.kind !== 'event') return sum
        const { amountMinor = 0 } = each.event.data as { amountMinor?: number }
        if (each.event.type === 'repayment.received') return sum + amountMinor
        return each.event.type === 'repayment.returned' ? sum - amountMinor : sum
      }, 0)
      if (typesOf(life).includes('good')) expect(paid).toBe(3 * 420_000)
      if (application.truth.isFraud) expect(paid).toBe(0)
    }
  })
})

test('options are read, and what cannot be is told', () => {
  const nowMs = Date.UTC(2026, 10, 25, 11)
  expect(readOptions([], nowMs)).toMatchObject({ seed: 1, days: 365, startMs: Date.UTC(2025, 10, 25), keep: false })
  expect(readOptions(['--start', '2026-01-01', '--days', '30', '--keep'], nowMs)).toMatchObject({
    keep: true,
    days: 30
  })
  expect(readOptions(['--help'], nowMs)).toBe('help')
  for (const wrong of [['--start', 'now'], ['--start', '2026-10-01'], ['--people', '0'], ['--seed', 'x'], ['--what']])
    expect(() => readOptions(wrong, nowMs)).toThrow(OptionError)
})

test('a metric is empty when no sample of it or of its histogram is there', () => {
  const samples = parseExposition('# HELP a b\nseen{x="1",y="a\\"b"} 2\ntook_bucket{le="+Inf"} 1\ntook_count 1\n')
  expect(samples[0]).toEqual({ name: 'seen', labels: { x: '1', y: 'a\\"b' }, value: 2 })
  expect(emptyMetrics(samples, ['seen', 'took', 'missing'])).toEqual(['missing'])
})
