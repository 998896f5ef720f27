import type { Application } from '../domain/application.ts'
import type { AssayEvent } from '../domain/event.ts'
import { byTime, type OfflineBehaviour, type PastApplication } from '../features/offline.ts'
import type { FeatureSet } from '../features/vector.ts'
import type { WarningModel, WarningRule } from './rules.ts'
import { type SignalsInput, signalsOf } from './signals.ts'
import type { Scan } from './timeline.ts'

const HOUR_MS = 3_600_000

export interface ScansInput<Past extends PastApplication> {
  readonly events: readonly AssayEvent[]
  readonly accounts: readonly Past[]
  readonly behaviour: OfflineBehaviour
  readonly featureSet: FeatureSet
  readonly rules: readonly WarningRule[]
  /** The application’s own event, which live appends when it is made. */
  readonly submittedEvent: (application: Application, nowMs: number) => AssayEvent
  readonly model: WarningModel
  /** What the model says of an account at an instant; NaN for nothing. `isLast` is the scan at the account’s own instant. */
  readonly scoreOf: (account: Past, values: Float64Array, isLast: boolean) => Promise<number>
}

interface Due<Past> {
  readonly atMs: number
  readonly account: Past
  readonly isLast: boolean
}

/**
 * Looks at each account as the hourly scan does: at the end of every hour in which something happened to it, and at the
 * instant of its application, which is the last. A scan sees the events up to its instant and nothing later. Events and
 * accounts may come in any order.
 */
export async function replayScans<Past extends PastApplication>(input: ScansInput<Past>): Promise<Map<Past, Scan[]>> {
  const { behaviour, featureSet, rules, submittedEvent, model, scoreOf } = input
  const events = input.events.toSorted(byTime)
  const scans = new Map<Past, Scan[]>(input.accounts.map((account) => [account, []]))
  const waiting: Promise<void>[] = []
  let next = 0
  for (const { atMs, account, isLast } of dueScans(events, input.accounts)) {
    for (; next < events.length && (events[next] as AssayEvent).occurredAtMs <= atMs; next++)
      behaviour.append(events[next] as AssayEvent)
    const { application } = account
    if (isLast) behaviour.append(submittedEvent(application, atMs))
    const { values } = featureSet.compute(application, behaviour.states(application.refs), atMs)
    const ofAccount = scans.get(account) as Scan[]
    const place = ofAccount.push(scanOf(atMs, featureSet, rules, values, {})) - 1
    waiting.push(
      scoreOf(account, values, isLast).then((modelPd) => {
        if (!Number.isNaN(modelPd)) ofAccount[place] = scanOf(atMs, featureSet, rules, values, { [model]: modelPd })
      })
    )
    if (waiting.length >= MAX_WAITING) await Promise.all(waiting.splice(0))
  }
  await Promise.all(waiting)
  return scans
}

/** Rows that wait for the model at once: a few batches. */
const MAX_WAITING = 256

function dueScans<Past extends PastApplication>(events: readonly AssayEvent[], accounts: readonly Past[]): Due<Past>[] {
  const byApplicant = Map.groupBy(accounts, ({ application }) => application.refs.applicant)
  const hours = new Map<Past, Set<number>>()
  for (const { refs, occurredAtMs } of events) {
    const atMs = Math.ceil(occurredAtMs / HOUR_MS) * HOUR_MS
    for (const account of byApplicant.get(refs.applicant) ?? []) {
      if (atMs >= account.asOf) continue
      const known = hours.get(account)
      if (known === undefined) hours.set(account, new Set([atMs]))
      else known.add(atMs)
    }
  }
  const due = accounts.flatMap((account) => [
    ...[...(hours.get(account) ?? [])].map((atMs) => ({ atMs, account, isLast: false })),
    { atMs: account.asOf, account, isLast: true }
  ])
  return due.toSorted((left, right) => left.atMs - right.atMs)
}

/** Keeps the few numbers that the rules read, not the whole of the features. */
function scanOf(
  atMs: number,
  { names }: FeatureSet,
  rules: readonly WarningRule[],
  values: Float64Array,
  pd: SignalsInput['pd'] & object
): Scan {
  const signals = signalsOf({ names, values, pd })
  const kept = new Map(rules.map(({ signal }) => [signal, signals(signal)]))
  return { atMs, signals: (name) => kept.get(name) ?? Number.NaN }
}
