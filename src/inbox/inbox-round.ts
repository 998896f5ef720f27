import type { AssayEvent } from '../domain/event.ts'
import type { FieldProblem } from '../errors.ts'
import type { AppendOutcome, BehaviourStore } from '../features/behaviour-store.ts'
import { faultFields } from '../log.ts'
import { isStoreFault } from '../redis/store-fault.ts'
import { type Delivery, MAX_DELIVERIES, triesOf } from './delivery.ts'
import type { Verdict } from './judge.ts'
import type { LetterReason } from './letter.ts'

export interface InboxDeps {
  /** The tenants that may send events, as far as these entries need to know. */
  readonly tenantsFor: (entries: readonly Delivery[]) => Promise<ReadonlySet<string>>
  readonly judge: (entry: Delivery, tenants: ReadonlySet<string>) => Verdict
  readonly append: BehaviourStore['append']
  readonly appendAll: BehaviourStore['appendAll']
  /** Deletes entries: what they say is in the log. */
  readonly settle: (entries: readonly Delivery[]) => Promise<void>
  readonly bury: (entry: Delivery, reason: LetterReason, problems: readonly FieldProblem[]) => Promise<void>
  readonly onOutcome: (outcome: 'appended' | 'deadletter' | 'retry', entries: number) => void
}

type Ending =
  | { readonly kind: 'appended' | 'retry' }
  | { readonly kind: 'deadletter'; readonly reason: LetterReason; readonly problems: readonly FieldProblem[] }

interface Ended {
  readonly appended: Delivery[]
  readonly dead: [Delivery, LetterReason, readonly FieldProblem[]][]
  retries: number
}

/**
 * Handles entries of the inbox: checks each, appends the events, then deletes what was appended. The other order would
 * lose events in a crash; this one repeats them, and an event id counts once. What can never become an event goes to the
 * dead letters, what cannot yet stays for its next delivery; neither keeps the others.
 *
 * Throws when Redis cannot take writes: call it again with the same entries, no try of theirs is used up.
 *
 * @returns how many entries are done with
 */
export async function inboxRound(deps: InboxDeps, entries: readonly Delivery[]): Promise<number> {
  if (entries.length === 0) return 0
  const { appended, dead, retries } = await endAll(deps, entries)
  if (appended.length > 0) await deps.settle(appended)
  deps.onOutcome('appended', appended.length)
  await Promise.all(dead.map(([entry, reason, problems]) => deps.bury(entry, reason, problems)))
  deps.onOutcome('deadletter', dead.length)
  deps.onOutcome('retry', retries)
  return appended.length + dead.length
}

async function endAll(deps: InboxDeps, entries: readonly Delivery[]): Promise<Ended> {
  const tenants = await deps.tenantsFor(entries)
  const ended: Ended = { appended: [], dead: [], retries: 0 }
  const judged: Delivery[] = []
  const events: AssayEvent[] = []
  for (const entry of entries) {
    const verdict = judgeSafely(deps, entry, tenants)
    if (verdict.kind === 'event') {
      judged.push(entry)
      events.push(verdict.event)
    } else end(ended, entry, verdict.kind === 'refused' ? { ...verdict, kind: 'deadletter' } : verdict)
  }
  const results = await deps.appendAll(events)
  for (const [index, entry] of judged.entries()) {
    const result = results[index] as PromiseSettledResult<AppendOutcome>
    // Nearly all of them: no turn of the queue of promises for each.
    if (result.status === 'fulfilled' && result.value !== 'full') {
      ended.appended.push(entry)
      continue
    }
    // Appends may share a call: one that fails for its own reasons takes others along, so each is asked alone.
    const isAlone = events.length === 1
    const again = isAlone ? undefined : () => deps.append(events[index] as AssayEvent)
    end(ended, entry, await endingOf(entry, result, again))
  }
  return ended
}

function end(ended: Ended, entry: Delivery, ending: Ending): void {
  if (ending.kind === 'appended') ended.appended.push(entry)
  else if (ending.kind === 'deadletter') ended.dead.push([entry, ending.reason, ending.problems])
  else ended.retries++
}

function judgeSafely(deps: InboxDeps, entry: Delivery, tenants: ReadonlySet<string>): Verdict | Ending {
  if (triesOf(entry) > MAX_DELIVERIES) {
    return givenUp('the worker ended each time while it had this entry')
  }
  try {
    return deps.judge(entry, tenants)
  } catch (error) {
    return retryOr(entry, () => givenUp(describeFault(error)))
  }
}

async function endingOf(
  entry: Delivery,
  result: PromiseSettledResult<AppendOutcome>,
  again?: () => Promise<AppendOutcome>
): Promise<Ending> {
  if (result.status === 'fulfilled') {
    if (result.value !== 'full') return { kind: 'appended' }
    const problems = [{ field: '/', problem: 'one of its entities takes no more events until it is folded' }]
    return retryOr(entry, () => ({ kind: 'deadletter', reason: 'backlog', problems }))
  }
  if (isStoreFault(result.reason)) throw result.reason
  if (again === undefined) return retryOr(entry, () => givenUp(describeFault(result.reason)))
  const [alone] = await Promise.allSettled([again()])
  return endingOf(entry, alone as PromiseSettledResult<AppendOutcome>)
}

function retryOr(entry: Delivery, end: () => Ending): Ending {
  return triesOf(entry) < MAX_DELIVERIES ? { kind: 'retry' } : end()
}

function givenUp(problem: string): Ending {
  return { kind: 'deadletter', reason: 'internal_error', problems: [{ field: '/', problem }] }
}

/** Where it was thrown and of what class, not the message, which may quote the event. */
function describeFault(error: unknown): string {
  // Redis says in one word first what is wrong: WRONGTYPE, NOSCRIPT…
  const word = error instanceof Error && error.name === 'ReplyError' ? /^[A-Z]+\b/.exec(error.message)?.[0] : undefined
  const { reason, stack } = faultFields(error)
  const frame = /at (?:(?<name>[\w.<>]+) )?.*?(?<file>[\w.-]+\.ts:\d+)/.exec(stack ?? '')?.groups
  const where = frame === undefined ? '' : ` at ${frame.name ?? ''} ${frame.file}`.replace('  ', ' ')
  return `threw ${word ?? reason}${where}`
}
