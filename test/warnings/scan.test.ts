import { describe, expect, test } from 'vitest'
import type { AssayEvent } from '../../src/domain/event.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createFeatureSet } from '../../src/features/vector.ts'
import { createRedisLoanStore } from '../../src/loans/redis-loan-store.ts'
import { partitionOfText } from '../../src/redis/keys.ts'
import type { WarnedOutcome } from '../../src/warnings/outcome.ts'
import { createScanNew, createSweep } from '../../src/warnings/redis-people.ts'
import { createScanPerson, type ScanDeps } from '../../src/warnings/scan.ts'
import { buildTestApp } from '../support/app.ts'

const DAY_MS = 86_400_000
const PAID_OUT_MS = Date.UTC(2026, 0, 1)
const PERSON = { tenant: 'alpha', applicantToken: 'a'.repeat(22) }

describe('a look at a person', () => {
  test('tells what it sees as an event of the loan, with evidence, version and end, where the loan book shows it', async () => {
    const watched = await watch()
    await watched.add(disbursed('L1'))
    watched.nowMs = PAID_OUT_MS + 40 * DAY_MS
    expect(await watched.scan()).toBe(1)
    const shown = await watched.app.inject({
      url: `/v1/loans/L1?asOfMs=${watched.nowMs}`,
      headers: watched.alpha
    })
    expect(shown.json().warnings).toEqual([
      {
        rule: 'missed-payment',
        ruleVersion: '1',
        level: 'orange',
        raisedAtMs: watched.nowMs,
        expiresAtMs: watched.nowMs + 14 * DAY_MS,
        evidence: { 'loan.days_past_due': 10 }
      }
    ])
    expect(watched.warned).toEqual(['orange missed-payment'])
  })

  test('told once is told, whoever looks again or at the same time', async () => {
    const watched = await watch()
    await watched.add(disbursed('L1'))
    watched.nowMs = PAID_OUT_MS + 40 * DAY_MS
    await Promise.all([watched.scan(), watched.scan(), watched.scan()])
    expect(await watched.scan()).toBe(0)
    const [stored] = await watched.loans.listByApplicant(PERSON.tenant, PERSON.applicantToken, { limit: 9 })
    expect(stored?.history.events.filter(({ type }) => type === 'loan.warned')).toHaveLength(1)
  })

  test('grows with the trouble, and what stays keeps when it was raised', async () => {
    const watched = await watch()
    await watched.add(disbursed('L1'))
    const levels: (string | undefined)[] = []
    for (const days of [30, 31, 38, 45, 61, 70]) {
      watched.nowMs = PAID_OUT_MS + days * DAY_MS
      await watched.scan()
      levels.push((await watched.warningsOf('L1'))[0]?.level)
    }
    expect(levels).toEqual([undefined, 'yellow', 'orange', 'orange', 'red', 'red'])
    const [warning] = await watched.warningsOf('L1')
    expect(warning).toMatchObject({ raisedAtMs: PAID_OUT_MS + 61 * DAY_MS, expiresAtMs: watched.nowMs + 14 * DAY_MS })
    // A warning that is told again for longer is no new one.
    expect(watched.warned).toEqual(['yellow missed-payment', 'orange missed-payment', 'red missed-payment'])
  })

  test('reads behaviour right behind the event that told it', async () => {
    const watched = await watch()
    await watched.add(disbursed('L1'))
    watched.nowMs = PAID_OUT_MS + 20 * DAY_MS
    for (const [index, amountMinor] of [100, 200].entries())
      await watched.add({
        ...disbursed('L1'),
        eventId: `failed-${index}`,
        type: 'repayment.failed',
        occurredAtMs: watched.nowMs - index,
        data: { loanId: 'L1', instalmentNo: 1, amountMinor }
      })
    await watched.scan()
    expect(await watched.warningsOf('L1')).toMatchObject([
      { rule: 'failed-debit', level: 'orange', evidence: { 'applicant.repayment_failures_90d': 2 } }
    ])
  })

  test('asks the models for the loan as it is, and warns by what they say', async () => {
    const asked: object[] = []
    const watched = await watch({
      score: async ({ product, currency, amountMinor, term }) => {
        asked.push({ product, currency, amountMinor, term })
        return { credit: 0.7 }
      }
    })
    await watched.add(disbursed('L1'))
    watched.nowMs = PAID_OUT_MS + DAY_MS
    await watched.scan(false)
    expect(await watched.warningsOf('L1')).toEqual([])
    await watched.scan(true)
    expect(asked).toEqual([{ product: 'cash', currency: 'NGN', amountMinor: 1000, term: { count: 30, unit: 'day' } }])
    expect(await watched.warningsOf('L1')).toMatchObject([
      { rule: 'model-credit', level: 'yellow', evidence: { 'model.credit': 0.7 } }
    ])
  })

  test('leaves loans that are over alone, and counts what became of each once', async () => {
    const watched = await watch()
    await watched.add(disbursed('L1'))
    watched.nowMs = PAID_OUT_MS + 31 * DAY_MS
    await watched.scan()
    await watched.add({
      ...disbursed('L1'),
      eventId: 'closed',
      type: 'loan.closed',
      occurredAtMs: watched.nowMs,
      data: { loanId: 'L1', disbursedAtMs: PAID_OUT_MS, dueAtMs: PAID_OUT_MS + 30 * DAY_MS }
    })
    watched.nowMs += DAY_MS
    expect([await watched.scan(), await watched.scan()]).toEqual([0, 0])
    expect(watched.outcomes).toMatchObject([{ yellow: { result: 'false_alarm' }, red: { result: 'quiet' } }])
  })
})

describe('who is looked at', () => {
  test('those to whom something happened since the last time, and nobody twice', async () => {
    const watched = await watch()
    const looked: string[] = []
    const scanNew = createScanNew(watched.redis, watched.keys, async ({ applicantToken }) =>
      looked.push(applicantToken)
    )
    await scanNew()
    await watched.add(disbursed('L1'))
    await watched.add(disbursed('L2', 'b'.repeat(22)))
    await scanNew()
    await scanNew()
    expect(looked.sort()).toEqual(['a'.repeat(22), 'b'.repeat(22)])
    await watched.add({ ...disbursed('L1'), eventId: 'login', type: 'auth.login', data: {} })
    await scanNew()
    expect(looked).toHaveLength(2)
  })

  test('again, when the look failed', async () => {
    const watched = await watch()
    const looked: string[] = []
    let isBroken = true
    const scanNew = createScanNew(watched.redis, watched.keys, async ({ applicantToken }) => {
      if (isBroken) throw new Error('killed')
      return looked.push(applicantToken)
    })
    await watched.add(disbursed('L1'))
    // The first look of a partition begins at its end: begin at its beginning.
    for (let partition = 0; partition < 64; partition++)
      await watched.redis.hset(watched.keys.warningPositions(), String(partition), '0-0')
    await expect(scanNew()).rejects.toThrow('killed')
    isBroken = false
    await scanNew()
    expect(looked).toEqual(['a'.repeat(22)])
  })

  test('those of all other partitions, when the log of one cannot be read', async () => {
    const watched = await watch()
    const looked: string[] = []
    const scanNew = createScanNew(watched.redis, watched.keys, async ({ applicantToken }) =>
      looked.push(applicantToken)
    )
    await scanNew()
    await watched.add(disbursed('L1'))
    const unread = partitionOfText(PERSON.applicantToken) === 0 ? 1 : 0
    await watched.redis.set(watched.keys.log(unread), 'no stream')
    await expect(scanNew()).rejects.toThrow('WRONGTYPE')
    expect(looked).toEqual([PERSON.applicantToken])
  })

  test('all others, when one cannot be looked at', async () => {
    const watched = await watch()
    await watched.add(disbursed('L1'))
    await watched.add(disbursed('L2', 'b'.repeat(22)))
    const looked: string[] = []
    const scan = async ({ applicantToken }: { applicantToken: string }) => {
      if (applicantToken.startsWith('a')) throw new Error('unreadable')
      return looked.push(applicantToken)
    }
    await expect(createSweep(watched.redis, watched.keys, scan, true)()).rejects.toThrow('unreadable')
    expect(new Set(looked)).toEqual(new Set(['b'.repeat(22)]))
  })

  test('everybody with a loan, in a sweep', async () => {
    const watched = await watch()
    await watched.add(disbursed('L1'))
    await watched.add(disbursed('L2', 'b'.repeat(22)))
    const looked: string[] = []
    const scan = async ({ tenant, applicantToken }: { tenant: string; applicantToken: string }, withModels: boolean) =>
      looked.push(`${tenant} ${applicantToken[0]} ${withModels}`)
    expect(await createSweep(watched.redis, watched.keys, scan, true)()).toBe('done')
    expect([...new Set(looked)].sort()).toEqual(['alpha a true', 'alpha b true'])
  })
})

async function watch(changes: Partial<ScanDeps> = {}) {
  const { app, alpha, redis, keys, behaviour } = await buildTestApp()
  const loans = createRedisLoanStore({ redis, keys, defaults: { utcOffsetMinutes: 0, graceDays: 0 }, keepMs: 600_000 })
  const warned: string[] = []
  const outcomes: WarnedOutcome[] = []
  const seen = new Set<string>()
  const watched = { nowMs: PAID_OUT_MS, app, alpha, redis, keys, loans, warned, outcomes }
  const scan = createScanPerson({
    loans,
    readBehaviour: (token) => redis.getBuffer(keys.entity('applicant', token)),
    featureSet: createFeatureSet(CATALOGUE),
    score: async () => ({}),
    append: behaviour.append,
    nowMs: () => watched.nowMs,
    onWarned: (level, rule) => warned.push(`${level} ${rule}`),
    isFirstOutcome: async (_, loanId) => !seen.has(loanId) && Boolean(seen.add(loanId)),
    onOutcome: (outcome) => outcomes.push(outcome),
    ...changes
  })
  return Object.assign(watched, {
    add: async (event: AssayEvent) => expect(await behaviour.append(event)).toBe('appended'),
    scan: (withModels = true) => scan(PERSON, withModels),
    warningsOf: async (loanId: string) => {
      const shown = await app.inject({ url: `/v1/loans/${loanId}?asOfMs=${watched.nowMs}`, headers: alpha })
      return shown.json().warnings as { level: string; raisedAtMs: number }[]
    }
  })
}

function disbursed(loanId: string, applicant = PERSON.applicantToken): AssayEvent {
  return {
    eventId: `${loanId}.paid-out`,
    type: 'loan.disbursed',
    occurredAtMs: PAID_OUT_MS,
    tenant: PERSON.tenant,
    refs: { applicant },
    data: { loanId, principalMinor: 1000, termDays: 30, product: 'cash', currency: 'NGN' }
  }
}
