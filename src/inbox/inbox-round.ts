import type { AssayEvent } from '../domain/event.ts'
import type { FieldProblem } from '../errors.ts'
import type { AppendOutcome, BehaviourStore } from '../features/behaviour-store.ts'
import { faultFields } from '../log.ts'
import type { StreamEntry } from '../redis/group-reader.ts'
import { isStoreFault } from '../redis/store-fault.ts'
import type { Verdict } from './judge.ts'
import type { LetterReason } from './letter.ts'

/** Tries of an entry, each a delivery of its own; what is not an event by then is a dead letter (reliability reference, P13). */
export const MAX_DELIVERIES = 5

export type Delivery = StreamEntry & {
  /** This one included. */
  readonly deliveries: number
}

export interface InboxDeps {
  /** The tenants that may send events, as far as these entries need to know. */
  readonly tenantsFor: (entries: readonly Delivery[]) => Promise<ReadonlySet<string>>
  readonly judge: (entry: Delivery, tenants: ReadonlySet<string>) => Verdict
  readonly append: BehaviourStore['append']
  /** The same for many; each is appended by itself where it is left out. */
  readonly appendAll?: BehaviourStore['appendAll'] | undefined
  /** Acknowledges entries and deletes them: what they say is in the log. */
  readonly settle: (entries: readonly Delivery[]) => Promise<void>
  readonly bury: (entry: Delivery, reason: LetterReason, problems: readonly FieldProblem[]) => Promise<void>
  readonly onOutcome: (outcome: 'appended' | 'deadletter' | 'retry', entries: number) => void
}

const APPENDED = { kind: 'appended' } as const

type Ending =
  | { readonly kind: 'appended' | 'retry' }
  | { readonly kind: 'deadletter'; readonly reason: LetterReason; readonly problems: readonly FieldProblem[] }

/**
 * Handles entries of the inbox: checks each, appends the events, then acknowledges what was appended. The other order would
 * lose events in a crash; this one repeats them, and an event id counts once. What can never become an event goes to the
 * dead letters, what cannot yet stays for its next delivery; neither keeps the others.
 *
 * Throws when Redis cannot take writes: call it again with the same entries, no try of theirs is used up.
 *
 * @returns how many entries are done with
 */
export async function inboxRound(deps: InboxDeps, entries: readonly Delivery[]): Promise<number> {
  if (entries.length === 0) return 0
  const endings = await endAll(deps, entries)
  const ended = Map.groupBy(entries, (entry) => endings.get(entry)?.kind)
  const appended = ended.get('appended') ?? []
  if (appended.length > 0) await deps.settle(appended)
  deps.onOutcome('appended', appended.length)
  const dead = ended.get('deadletter') ?? []
  await Promise.all(
    dead.map((entry) => {
      const { reason, problems } = endings.get(entry) as Ending & { kind: 'deadletter' }
      return deps.bury(entry, reason, problems)
    })
  )
  deps.onOutcome('deadletter', dead.length)
  deps.onOutcome('retry', ended.get('retry')?.length ?? 0)
  return appended.length + dead.length
}

async function endAll(deps: InboxDeps, entries: readonly Delivery[]): Promise<Map<Delivery, Ending>> {
  const tenants = await deps.tenantsFor(entries)
  const endings = new Map<Delivery, Ending>()
  const events: [Delivery, AssayEvent][] = []
  for (const entry of entries) {
    const verdict = judgeSafely(deps, entry, tenants)
    if (verdict.kind === 'event') events.push([entry, verdict.event])
    else if (verdict.kind === 'refused') endings.set(entry, { ...verdict, kind: 'deadletter' })
    else endings.set(entry, verdict)
  }
  const appendAll = deps.appendAll ?? ((all) => Promise.allSettled(all.map(deps.append)))
  const results = await appendAll(events.map(([, event]) => event))
  for (const [index, [entry, event]] of events.entries()) {
    const result = results[index] as PromiseSettledResult<AppendOutcome>
    // Nearly all of them: no turn of the queue of promises for each.
    if (result.status === 'fulfilled' && result.value !== 'full') {
      endings.set(entry, APPENDED)
      continue
    }
    // Appends may share a call: one that fails for its own reasons takes others along, so each is asked alone.
    const isAlone = events.length === 1
    endings.set(entry, await endingOf(entry, result, isAlone ? undefined : () => deps.append(event)))
  }
  return endings
}

function judgeSafely(deps: InboxDeps, entry: Delivery, tenants: ReadonlySet<string>): Verdict | Ending {
  if (entry.deliveries > MAX_DELIVERIES) {
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
    if (result.value !== 'full') return APPENDED
    const problems = [{ field: '/', problem: 'one of its entities takes no more events until it is folded' }]
    return retryOr(entry, () => ({ kind: 'deadletter', reason: 'backlog', problems }))
  }
  if (isStoreFault(result.reason)) throw result.reason
  if (again === undefined) return retryOr(entry, () => givenUp(describeFault(result.reason)))
  const [alone] = await Promise.allSettled([again()])
  return endingOf(entry, alone as PromiseSettledResult<AppendOutcome>)
}

function retryOr(entry: Delivery, end: () => Ending): Ending {
  return entry.deliveries < MAX_DELIVERIES ? { kind: 'retry' } : end()
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
