import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { EventInput } from '../../../src/domain/event.ts'
import type { Keys } from '../../../src/redis/keys.ts'
import type { ServiceUnderTest } from '../../stack.ts'
import { median } from '../interleaved.ts'

export interface Ingest {
  readonly httpEventsPerSecond: number
  /** XADD of the same bytes to a stream that nobody reads, pipelined. */
  readonly xaddEventsPerSecond: number
  /** A backlog worked off: what the worker can do. */
  readonly inboxEventsPerSecond: number
  /** From the first XADD to an empty inbox, the producer taking its part of the machine. */
  readonly inboxWhileAddingEventsPerSecond: number
  readonly inboxShareOfXadd: number
}

const EVENTS_PER_POST = 500
const POSTS_AT_ONCE = 2
const HTTP_EVENTS = 60_000
const INBOX_EVENTS = 100_000
/** The first warms up and is not counted: the compiler is at work until some hundred thousand events. */
const ROUNDS = 5
const PIPELINE = 500
const POLL_MS = 5
const GIVE_UP_MS = 120_000
const PEOPLE = 20_000

/** Logins of many people, each event as long as a usual one. */
function* logins(prefix: string, count: number): Generator<EventInput> {
  for (let index = 0; index < count; index++) {
    yield {
      eventId: `${prefix}-${index}`,
      type: 'auth.login',
      occurredAtMs: Date.now() - 1000,
      applicantId: `person-${index % PEOPLE}`,
      data: {}
    }
  }
}

/** Events a second into the running service by both ways, beside what Redis takes of the same bytes when nothing is done. */
export async function measureIngest(
  service: ServiceUnderTest,
  keys: Keys,
  note: (line: string) => void
): Promise<Ingest> {
  const redis = new Redis(service.redisUrl)
  const samples = { http: [] as number[], xadd: [] as number[], inbox: [] as number[], adding: [] as number[] }
  try {
    for (let round = 0; round < ROUNDS; round++) {
      note(`ingest by HTTP, round ${round + 1} of ${ROUNDS}`)
      samples.http.push(await perSecond(HTTP_EVENTS, () => postAll(service, [...logins(`http${round}`, HTTP_EVENTS)])))
      const entries = [...logins(`inbox${round}`, INBOX_EVENTS)].map((event) => JSON.stringify(event))
      note(`ingest by the inbox, round ${round + 1} of ${ROUNDS}`)
      const unread = `${keys.inbox()}:unread`
      samples.xadd.push(await perSecond(INBOX_EVENTS, () => addAll(redis, unread, entries)))
      await redis.unlink(unread)
      const empty = () => until(async () => (await redis.xlen(keys.inbox())) === 0)
      const adding = async (): Promise<void> => {
        await addAll(redis, keys.inbox(), entries)
        await empty()
      }
      samples.adding.push(await perSecond(INBOX_EVENTS, adding))
      // The worker sleeps while its backlog grows.
      process.kill(service.pids.ingest as number, 'SIGSTOP')
      await addAll(
        redis,
        keys.inbox(),
        [...logins(`backlog${round}`, INBOX_EVENTS)].map((event) => JSON.stringify(event))
      )
      process.kill(service.pids.ingest as number, 'SIGCONT')
      samples.inbox.push(await perSecond(INBOX_EVENTS, empty))
      if ((await redis.xlen(keys.deadLetters())) > 0) throw new Error('events of the benchmark became dead letters')
    }
  } finally {
    redis.disconnect()
  }
  const counted = (of: readonly number[]): number => median(of.slice(1))
  const [xadd, inbox] = [counted(samples.xadd), counted(samples.inbox)]
  return {
    httpEventsPerSecond: counted(samples.http),
    xaddEventsPerSecond: xadd,
    inboxEventsPerSecond: inbox,
    inboxWhileAddingEventsPerSecond: counted(samples.adding),
    inboxShareOfXadd: inbox / xadd
  }
}

async function perSecond(events: number, work: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now()
  await work()
  return (events * 1000) / (performance.now() - startedAtMs)
}

async function postAll({ port, key }: ServiceUnderTest, events: readonly EventInput[]): Promise<void> {
  let next = 0
  const post = async (): Promise<void> => {
    while (next < events.length) {
      const some = events.slice(next, next + EVENTS_PER_POST)
      next += EVENTS_PER_POST
      const answer = await fetch(`http://127.0.0.1:${port}/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ events: some })
      })
      const text = await answer.text()
      if (answer.status !== 202) throw new Error(`/v1/events answered ${answer.status}: ${text.slice(0, 300)}`)
    }
  }
  await Promise.all(Array.from({ length: POSTS_AT_ONCE }, post))
}

/** XADD of each as a producer would: the client’s own pipeline, five hundred at a time. */
async function addAll(redis: Redis, stream: string, entries: readonly string[]): Promise<void> {
  for (let from = 0; from < entries.length; from += PIPELINE) {
    const pipeline = redis.pipeline()
    for (const event of entries.slice(from, from + PIPELINE))
      pipeline.xadd(stream, '*', 'tenant', 'load', 'event', event)
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
  }
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + GIVE_UP_MS
  while (!(await isDone())) {
    if (performance.now() > giveUpAtMs) throw new Error('the inbox was not handled in time')
    await sleep(POLL_MS)
  }
}
