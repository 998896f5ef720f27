import { unpackDoubles } from '../../src/decisions/answer.ts'
import type { StoredDecision } from '../../src/decisions/store.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { compare, type Finding } from './findings.ts'
import type { Sending, Story, Turn } from './stories.ts'
import type { Post, Reply, UntilAcknowledged } from './until-acknowledged.ts'

export interface DriverDeps {
  readonly post: Post
  /** The stored decision, from Redis itself; rejects while Redis is away. */
  readonly readDecision: (decisionId: string) => Promise<StoredDecision | undefined>
  readonly untilAcknowledged: UntilAcknowledged
  readonly nowMs: () => number
  /** Hears of every decision that was acknowledged and checked. */
  readonly onDecision: (findings: readonly Finding[]) => void
  readonly signal: AbortSignal
}

export interface Driven {
  readonly decisions: number
  readonly events: number
  /** Events and applications that were sent although they were acknowledged, or twice at once. */
  readonly duplicates: number
}

/**
 * Lives the stories, `concurrency` turns at a time and one turn of a story after the other: in a turn all events are
 * acknowledged before the application is sent, so what its decision must count is known exactly.
 */
export async function drive(stories: readonly Story[], concurrency: number, deps: DriverDeps): Promise<Driven> {
  const queue = [...stories]
  const driven = { decisions: 0, events: 0, duplicates: 0 }
  const lane = async (): Promise<void> => {
    for (let story = queue.shift(); story !== undefined; story = queue.shift()) {
      deps.signal.throwIfAborted()
      const turn = story.next(deps.nowMs())
      if (turn === undefined) continue
      const duplicates = await live(turn, deps)
      driven.decisions++
      driven.events += turn.fresh.length
      driven.duplicates += duplicates
      queue.push(story)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  return driven
}

/** Returns how many duplicates were sent. */
async function live({ known, posts, fresh, request, sending, again }: Turn, deps: DriverDeps): Promise<number> {
  let sent = 0
  for (const { events, sending } of posts) {
    await send('/v1/events', events.length === 1 ? (events[0] as object) : { events }, sending, deps)
    sent += events.length * timesOf(sending)
  }
  for (const event of fresh) known.acknowledge(event)
  const [reply, ...others] = await send('/v1/decisions', request, sending, deps)
  if (again) others.push(...(await send('/v1/decisions', request, 'once', deps)))
  const { body } = reply as Reply
  deps.onDecision([
    ...others.filter((other) => other.body !== body).map((other) => decidedTwice(request.applicationId, body, other)),
    ...(await check({ known, request }, body, deps))
  ])
  return sent - fresh.length + timesOf(sending) - 1 + Number(again)
}

const timesOf = (sending: Sending): number => (sending === 'once' ? 1 : 2)

function send(path: string, content: object, sending: Sending, deps: DriverDeps): Promise<Reply[]> {
  const body = JSON.stringify(content)
  const times = Array.from({ length: timesOf(sending) })
  return Promise.all(times.map(() => deps.untilAcknowledged(() => deps.post(path, body))))
}

async function check({ known, request }: Pick<Turn, 'known' | 'request'>, answer: string, deps: DriverDeps) {
  const { applicationId, applicantId } = request
  const { decisionId, decidedAt } = JSON.parse(answer) as Decision
  let stored: StoredDecision | undefined
  await deps.untilAcknowledged(async () => {
    stored = await deps.readDecision(decisionId)
    return { status: 200, body: '' }
  })
  known.apply(applicantId, Date.parse(decidedAt))
  if (stored?.answer !== answer) return [lost(applicationId, stored)]
  const { asOf, features } = JSON.parse(stored.record) as { asOf: number; features: string }
  const values = unpackDoubles(features)
  const actual = new Map(CATALOGUE.map(({ name }, index) => [name, values[index] as number]))
  return compare(applicationId, known.expected(asOf), actual)
}

function lost(applicationId: string, stored: StoredDecision | undefined): Finding {
  const actual = stored === undefined ? 'absent' : 'another'
  return { kind: 'missed', applicationId, what: 'the answered decision', expected: 'stored', actual }
}

function decidedTwice(applicationId: string, expected: string, { body }: Reply): Finding {
  return { kind: 'doubled', applicationId, what: 'the answer to the same application', expected, actual: body }
}
