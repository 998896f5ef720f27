import type { Redis } from 'ioredis'
import type { Clock } from '../clock.ts'
import type { Edge } from '../edge/edge.ts'
import type { Tokenise } from '../edge/tokens.ts'
import type { BehaviourStore } from '../features/behaviour-store.ts'
import { encodeCall, sendEncoded } from '../redis/encoded-call.ts'
import { createGroupReader } from '../redis/group-reader.ts'
import type { Keys } from '../redis/keys.ts'
import { createRetries, type StaleEntry } from '../redis/retries.ts'
import { createDeadLetters, INBOX_GROUP } from './dead-letters.ts'
import { type Delivery, triesOf } from './delivery.ts'
import { type InboxDeps, inboxRound } from './inbox-round.ts'
import { judge, tenantsOf, writeLetter } from './judge.ts'
import type { LetterReason } from './letter.ts'

/** So many that a call costs little beside what is in it (npm run bench:features). */
export const INBOX_BATCH = 256

export interface InboxOptions {
  /** A connection of its own: reading blocks it. */
  readonly blocking: Redis
  readonly redis: Redis
  readonly keys: Keys
  readonly consumer: string
  /** Longest wait for an entry. */
  readonly blockMs: number
  /** An entry is tried again when it was not done with for this long; its worker may also have died. */
  readonly retryAfterMs: number
  readonly edge: Edge
  readonly tokenise: Tokenise
  readonly append: BehaviourStore['append']
  readonly appendAll: BehaviourStore['appendAll']
  /** Partners that may send events; these names are asked for. */
  readonly tenants: (names: readonly string[]) => Promise<ReadonlySet<string>>
  readonly clock: Clock
  readonly onOutcome: InboxDeps['onOutcome']
  readonly onLetter: (reason: LetterReason, evicted: number) => void
}

export interface Inbox {
  /** Takes the next entries, or those of a round that failed, and handles them; how many are done with. */
  readonly round: () => Promise<number>
  /** Entries that are not done with. */
  readonly countPending: () => Promise<number>
}

/** The inbox stream, read by a consumer group: any number of processes may share it. */
export function createInbox(options: InboxOptions): Inbox {
  const { blocking, redis, keys, consumer, blockMs, retryAfterMs, edge, tokenise, tenants, clock } = options
  const stream = keys.inbox()
  const common = { redis, group: INBOX_GROUP, consumer, count: INBOX_BATCH }
  const reader = createGroupReader({
    ...common,
    blocking,
    streams: [stream],
    blockMs,
    takeOverAfterMs: retryAfterMs,
    isUnlisted: true
  })
  const retries = createRetries({ ...common, stream, afterMs: retryAfterMs, monotonicMs: clock.monotonicMs })
  const letters = createDeadLetters(redis, keys)

  const deps: InboxDeps = {
    tenantsFor: (entries) => tenants(tenantsOf(entries)),
    judge: (entry, known) => judge(entry, { edge, nowMs: clock.nowMs(), tenants: known }),
    append: options.append,
    appendAll: options.appendAll,
    settle: (entries) => settle(redis, stream, entries),
    bury: async (entry, reason, problems) => {
      const letter = writeLetter(entry, reason, problems, { tokenise, nowMs: clock.nowMs() })
      const { buried, evicted } = await letters.bury(letter)
      if (buried) options.onLetter(reason, evicted)
    },
    onOutcome: options.onOutcome
  }

  let stale: StaleEntry[] = []
  let lookAtMs = Number.NEGATIVE_INFINITY
  const next = async (): Promise<readonly Delivery[]> => {
    if (stale.length === 0 && clock.monotonicMs() >= lookAtMs) {
      lookAtMs = clock.monotonicMs() + retryAfterMs / 4
      stale = await retries.list()
    }
    if (stale.length > 0) return retries.claim(takeTogether(stale))
    return reader.read()
  }

  let unfinished: readonly Delivery[] = []
  return {
    round: async () => {
      if (unfinished.length === 0) unfinished = await next()
      try {
        const done = await inboxRound(deps, unfinished)
        unfinished = []
        return done
      } catch (error) {
        // In an outage the workers would take them from one another, and each taking uses up a try.
        await retries.hold(unfinished).catch(() => {})
        unfinished = unfinished.map((entry) => ({ ...entry, deliveries: triesOf(entry) }))
        throw error
      }
    },
    countPending: () => redis.xlen(stream)
  }
}

/** Deletes entries; what is on the list of pending ones leaves it in the same step, or it would be looked for again. */
async function settle(redis: Redis, stream: string, entries: readonly Delivery[]): Promise<void> {
  const ids = entries.map(({ id }) => id)
  const listed = entries.filter(({ deliveries }) => deliveries !== undefined).map(({ id }) => id)
  if (listed.length === 0) {
    await sendEncoded(redis, 'xdel', encodeCall(['XDEL', stream, ...ids]))
    return
  }
  const replies = await redis
    .multi()
    .xack(stream, INBOX_GROUP, ...listed)
    .xdel(stream, ...ids)
    .exec()
  for (const [error] of replies ?? []) if (error !== null) throw error
}

/**
 * The next stale entries that may be claimed at once, taken out of the list. What failed twice comes alone: should it be
 * what kills the worker, the others do not spend their tries on it.
 */
function takeTogether(stale: StaleEntry[]): StaleEntry[] {
  const first = stale.findIndex(({ deliveries }) => deliveries > 1)
  return stale.splice(0, first === 0 ? 1 : first < 0 ? stale.length : first)
}

/** Runs rounds until so many entries are done with or time is up: for measurements and tests. */
export async function runInbox(inbox: Inbox, entries: number, deadlineMs: number): Promise<number> {
  const endAtMs = performance.now() + deadlineMs
  let done = 0
  while (done < entries && performance.now() < endAtMs) done += await inbox.round()
  return done
}
