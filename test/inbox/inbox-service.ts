import { createPartnerKeys } from '../../src/access/partner-keys.ts'
import { createTenantDirectory } from '../../src/access/tenants.ts'
import { systemClock } from '../../src/clock.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { createTokenise } from '../../src/edge/tokens.ts'
import { createDeadLetters, type StoredLetter } from '../../src/inbox/dead-letters.ts'
import { createInbox, type InboxOptions } from '../../src/inbox/inbox.ts'
import type { Letter } from '../../src/inbox/letter.ts'
import type { ScoreOutcome } from '../../src/inference/scorer.ts'
import { entriesOf, readStored } from '../redis/stored.ts'
import {
  application,
  approve,
  buildTestApp,
  postDecision,
  TEST_TOKEN_KEY,
  type TestApp,
  type TestAppOptions
} from '../support/app.ts'
import { connectRedis } from '../support/redis.ts'

export const NOW_MS = Date.UTC(2025, 5, 1, 12)
export const DAY_MS = 86_400_000

export type InboxChanges = Partial<InboxOptions>

/** The application with an inbox behind it, on one prefix of the shared Redis. */
export async function serviceWithInbox(options: TestAppOptions = {}, changes: InboxChanges = {}) {
  const service = await buildTestApp({ clock: { nowMs: () => NOW_MS }, ...options })
  const outcomes: Record<string, number> = {}
  const reasons: string[] = []
  const inboxOf = async (consumer: string, own: InboxChanges = {}) => {
    const append = own.append ?? changes.append ?? service.behaviour.append
    return createInbox({
      blocking: await connectRedis({
        role: 'blocking',
        ...(options.redisUrl !== undefined && { url: options.redisUrl })
      }),
      redis: service.redis,
      keys: service.keys,
      consumer,
      blockMs: 20,
      // At once: a round that finds nothing to retry reads.
      retryAfterMs: 0,
      edge: createEdge(createTokenise(TEST_TOKEN_KEY)),
      tokenise: createTokenise(TEST_TOKEN_KEY),
      append,
      // As the worker has it, unless a test has an append of its own.
      appendAll:
        append === service.behaviour.append
          ? service.behaviour.appendAll
          : (events) => Promise.allSettled(events.map(append)),
      tenants: createTenantDirectory(createPartnerKeys(service.redis, service.keys), 'events', systemClock),
      clock: { ...systemClock, nowMs: () => NOW_MS },
      onOutcome: (outcome, entries) => {
        outcomes[outcome] = (outcomes[outcome] ?? 0) + entries
      },
      onLetter: (reason) => void reasons.push(reason),
      ...changes,
      ...own
    })
  }
  const letters = createDeadLetters(service.redis, service.keys)
  return { service, inboxOf, inbox: await inboxOf('one'), letters, outcomes, reasons }
}

let serial = 0

/** A login of `person`; every call is another event. */
export const login = (changes: Record<string, unknown> = {}) => ({
  eventId: `event-${++serial}`,
  type: 'auth.login',
  occurredAtMs: NOW_MS - DAY_MS,
  applicantId: 'person',
  data: {},
  ...changes
})

export const disbursed = (changes: Record<string, unknown> = {}) =>
  login({
    type: 'loan.disbursed',
    data: { loanId: `loan-${serial + 1}`, principalMinor: 1_000_000, termDays: 30 },
    ...changes
  })

/** What a producer does; the id that Redis gives. */
export async function send({ redis, keys }: TestApp, ...fields: string[]): Promise<string> {
  return (await redis.xadd(keys.inbox(), '*', ...fields)) as string
}

export function sendEvent(service: TestApp, event: unknown, tenant = 'alpha'): Promise<string> {
  return send(service, 'tenant', tenant, 'event', typeof event === 'string' ? event : JSON.stringify(event))
}

export async function lettersOf(letters: { all: () => AsyncGenerator<StoredLetter> }): Promise<Letter[]> {
  const found: Letter[] = []
  for await (const { letter } of letters.all()) if (letter !== undefined) found.push(letter)
  return found
}

/** Rounds until nothing is left in the inbox. */
export async function drain(
  inbox: { round: () => Promise<number>; countPending: () => Promise<number> },
  rounds = 100
) {
  for (let round = 0; round < rounds && (await inbox.countPending()) > 0; round++) await inbox.round()
}

/** A service with an inbox, the loans of `person` that the next decision counts, and how long the log is. */
export async function watched(options: TestAppOptions = {}, changes: InboxChanges = {}) {
  const seen: number[][] = []
  const score = (row: Float32Array): ScoreOutcome => {
    seen.push([...row])
    return approve()
  }
  const made = await serviceWithInbox({ score, ...options }, changes)
  const loansSeen = async () => {
    await postDecision(made.service, application({ applicantId: 'person' }))
    return seen.at(-1)?.[0]
  }
  const logged = async () => entriesOf(await readStored(made.service.redis, made.service.keys.prefix), 'log').length
  return { ...made, loansSeen, logged }
}

/** Throws in a file of its own: the stack names one that is not a test, whose address vitest makes unlike others. */
export function throwTypeError(message: string): never {
  throw new TypeError(message)
}
