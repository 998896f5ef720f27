import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Clock } from '../../clock.ts'
import type { AssayEvent, EventInput } from '../../domain/event.ts'
import type { Edge } from '../../edge/edge.ts'
import { AssayError, type FieldProblem } from '../../errors.ts'
import type { AppendOutcome, BehaviourStore } from '../../features/behaviour-store.ts'
import { sendProblem } from '../error-handler.ts'
import { principalOf } from '../plugins/authentication.ts'
import { problemResponses } from '../problem.ts'

export const MAX_EVENTS = 500
/** 500 events of the largest type with every identifier. */
const BODY_LIMIT_BYTES = 512 * 1024

const EventRef = Type.Unsafe<EventInput>({ $ref: 'Event#' })
const BodySchema = Type.Unsafe<EventInput | { readonly events: readonly EventInput[] }>({
  type: 'object',
  if: { type: 'object', required: ['events'] },
  // biome-ignore lint/suspicious/noThenProperty: a JSON Schema keyword
  then: Type.Object(
    { events: Type.Array(EventRef, { minItems: 1, maxItems: MAX_EVENTS }) },
    { additionalProperties: false }
  ),
  else: EventRef
})
const AcceptedSchema = Type.Object({
  accepted: Type.Integer({ description: 'Events that are stored' }),
  setAside: Type.Optional(
    Type.Integer({
      description:
        'How many of them came too late for one of their entities, which has more than 512 newer events: they are in the log, ' +
        'but do not count there until it is rebuilt, because they could not be told from repeats'
    })
  )
})

export interface EventRoutesOptions {
  readonly behaviour: BehaviourStore
  readonly edge: Edge
  readonly clock: Clock
  /** Whether so many events wait that no more are taken for now. */
  readonly isBacklogged: () => boolean
  readonly onEvents: (type: EventInput['type'], outcome: AppendOutcome | 'refused') => void
}

/** POST of one event or a list; all are checked before the first is stored. */
export const eventRoutes: FastifyPluginAsyncTypebox<EventRoutesOptions> = async (app, options) => {
  const { behaviour, edge, clock, isBacklogged, onEvents } = options

  app.post(
    '/v1/events',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      config: { scope: 'events', admitted: 'events' },
      // Before the body is read: what will not be taken should cost nothing.
      onRequest: (_request, _reply, done) => done(isBacklogged() ? tooManyWaiting() : undefined),
      schema: {
        summary: `Tell what happened: one event, or up to ${MAX_EVENTS} as {"events": […]}`,
        description: 'After 202 the very next decision sees them. The same eventId again changes nothing.',
        body: BodySchema,
        response: { 202: AcceptedSchema, ...problemResponses(400, 413, 415, 429) }
      }
    },
    async (request, reply) => {
      const inputs = 'events' in request.body ? request.body.events : [request.body]
      const at = 'events' in request.body ? (index: number) => `/events/${index}` : () => ''
      const { tenant } = principalOf(request)
      const events = readEvents(inputs, (input, index) => edge.toEvent(tenant, input, at(index), clock.nowMs()))
      const outcomes = await appendAll(behaviour, events)
      outcomes.forEach((outcome, index) => {
        onEvents((events[index] as AssayEvent).type, outcome)
      })
      const full = outcomes.flatMap((outcome, index) => (outcome === 'full' ? [index] : []))
      if (full.length > 0) return sendProblem(reply, backlogError(full, at))
      const setAside = outcomes.filter((outcome) => outcome === 'setAside').length
      return reply.code(202).send({ accepted: events.length, ...(setAside > 0 && { setAside }) })
    }
  )
}

function readEvents(
  inputs: readonly EventInput[],
  read: (input: EventInput, index: number) => AssayEvent | readonly FieldProblem[]
): AssayEvent[] {
  const problems: FieldProblem[] = []
  const events: AssayEvent[] = []
  inputs.forEach((input, index) => {
    const event = read(input, index)
    if ('eventId' in event) events.push(event)
    else problems.push(...event)
  })
  if (problems.length === 0) return events
  const [{ field, problem }] = problems as [FieldProblem]
  throw new AssayError('invalid_request', `${field} ${problem}; no event was stored`, {
    problems: problems.slice(0, 16)
  })
}

async function appendAll(behaviour: BehaviourStore, events: readonly AssayEvent[]): Promise<AppendOutcome[]> {
  try {
    return await Promise.all(events.map((event) => behaviour.append(event)))
  } catch (cause) {
    throw new AssayError(
      'store_unavailable',
      'some events may not be stored: send all of them again, repeats are harmless',
      {
        cause,
        retryAfterSeconds: 1
      }
    )
  }
}

function tooManyWaiting(): AssayError {
  return new AssayError('backlog', 'no event was stored: send again later, more slowly', { retryAfterSeconds: 2 })
}

function backlogError(full: readonly number[], at: (index: number) => string): AssayError {
  const problems = full
    .slice(0, 16)
    .map((index) => ({ field: at(index) || '/', problem: 'was not stored: its entity has a backlog' }))
  return new AssayError('backlog', 'send these again later; the others are stored', { problems, retryAfterSeconds: 1 })
}
