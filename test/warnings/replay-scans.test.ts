import { describe, expect, test } from 'vitest'
import { submittedEvent } from '../../src/decisions/decide.ts'
import type { AssayEvent } from '../../src/domain/event.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createOfflineBehaviour } from '../../src/features/offline.ts'
import { createFeatureSet } from '../../src/features/vector.ts'
import { replayScans } from '../../src/warnings/replay-scans.ts'
import { WARNING_RULES } from '../../src/warnings/rules.ts'
import { cashApplication } from '../support/cash-application.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const AS_OF_MS = Date.UTC(2026, 3, 1, 12, 30)
const featureSet = createFeatureSet(CATALOGUE)

const application = cashApplication()
const PAST = [closedLate('one', 40, 1), closedLate('two', 10, 3)]

describe('scans of the past', () => {
  test('come at the end of each hour in which something happened, and at the account’s own instant', async () => {
    const scans = await scansOf(PAST)
    const hourAfter = ({ occurredAtMs }: AssayEvent) => Math.ceil(occurredAtMs / HOUR_MS) * HOUR_MS
    expect(scans.map(({ atMs }) => atMs)).toEqual([...PAST.map(hourAfter), AS_OF_MS])
    expect(scans.map(({ late }) => late)).toEqual([1, 3, 3])
  })

  test('see nothing that happens later: planted events of the future change no scan', async () => {
    const future = [closedLate('late', -1 / 86_400_000, 50), closedLate('later', -30, 60)]
    expect(await scansOf([...future, ...PAST])).toStrictEqual(await scansOf(PAST))
    expect(await scansOf([closedLate('in-time', 1 / 86_400_000, 50), ...PAST])).not.toStrictEqual(await scansOf(PAST))
  })

  test('an event after a scan is not in that scan, though it is in the next', async () => {
    const scans = await scansOf([...PAST, closedLate('three', 5, 40)])
    expect(scans.map(({ late }) => late)).toEqual([1, 3, 40, 40])
  })

  test('what a model says is a sign as well', async () => {
    const scans = await scansOf(PAST, async (isLast) => (isLast ? 0.7 : Number.NaN))
    expect(scans.map(({ pd }) => pd)).toEqual([Number.NaN, Number.NaN, 0.7])
  })
})

async function scansOf(events: readonly AssayEvent[], score?: (isLast: boolean) => Promise<number>) {
  const account = { application, asOf: AS_OF_MS }
  const scans = await replayScans({
    events,
    accounts: [account],
    behaviour: createOfflineBehaviour({ compactFromBytes: 2048 }),
    featureSet,
    rules: WARNING_RULES,
    submittedEvent,
    model: 'credit',
    scoreOf: async (_, __, isLast) => score?.(isLast) ?? Number.NaN
  })
  return (scans.get(account) ?? []).map(({ atMs, signals }) => ({
    atMs,
    late: signals('applicant.close_lag_last_days'),
    pd: signals('model.credit')
  }))
}

function closedLate(loanId: string, daysBefore: number, daysLate: number): AssayEvent {
  const occurredAtMs = AS_OF_MS - daysBefore * DAY_MS
  const dueAtMs = occurredAtMs - daysLate * DAY_MS
  return {
    eventId: `${loanId}.closed`,
    type: 'loan.closed',
    occurredAtMs,
    tenant: 't',
    refs: { applicant: 'a' },
    data: { loanId, disbursedAtMs: dueAtMs - 30 * DAY_MS, dueAtMs }
  }
}
