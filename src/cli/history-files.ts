import { type Static, Type } from 'typebox'
import { type Application, DecisionRequestSchema } from '../domain/application.ts'
import { compileCheck } from '../domain/check.ts'
import { type AssayEvent, EventInputSchema } from '../domain/event.ts'
import { timeSchema } from '../domain/event-time.ts'
import { createEdge } from '../edge/edge.ts'
import { createTokenise } from '../edge/tokens.ts'
import { AssayError } from '../errors.ts'
import type { PastApplication } from '../features/offline.ts'
import { DataError } from './data-error.ts'
import { readNdjson } from './ndjson.ts'

/** A line of applications.ndjson: what was posted, when, and what became of it where that is known. */
export const PastRequestSchema = Type.Object(
  {
    ...DecisionRequestSchema.properties,
    asOf: timeSchema('The instant of the decision'),
    outcome: Type.Optional(Type.Enum(['good', 'bad']))
  },
  { additionalProperties: false }
)
export type PastRequest = Static<typeof PastRequestSchema>

export interface PastCase extends PastApplication {
  readonly outcome: PastRequest['outcome']
}

/**
 * Key of the tokens of replays. Known to everybody on purpose: it protects nothing, because offline files hold the plain
 * ids anyway; it only lets a replay run the very code that live runs. No feature depends on the key.
 */
export const OFFLINE_TOKEN_KEY = '00'.repeat(32)
export const OFFLINE_TENANT = 'offline'

const checkEvent = compileCheck(EventInputSchema)
const checkRequest = compileCheck(PastRequestSchema)

/** Reads files of events and applications through the same edge as live. Throws DataError at the first bad line. */
export async function readHistories(
  eventsFile: string,
  applicationsFile: string
): Promise<{ events: AssayEvent[]; applications: PastCase[] }> {
  const edge = createEdge(createTokenise(OFFLINE_TOKEN_KEY))
  const events: AssayEvent[] = []
  for await (const { value, line } of readNdjson(eventsFile, checkEvent)) {
    // Every event counts from its own time on: none lies in the future of the replay.
    const event = edge.toEvent(OFFLINE_TENANT, value, '', Number.POSITIVE_INFINITY)
    if (!('eventId' in event)) throw new DataError(eventsFile, line, describe(event))
    events.push(event)
  }
  const applications: PastCase[] = []
  const seen = new Set<string>()
  for await (const { value, line } of readNdjson(applicationsFile, checkRequest)) {
    const { asOf, outcome, ...request } = value
    if (seen.has(request.applicationId)) throw new DataError(applicationsFile, line, `/applicationId stands twice`)
    seen.add(request.applicationId)
    applications.push({ application: toApplication(edge, applicationsFile, line, request), asOf, outcome })
  }
  return { events, applications }
}

function toApplication(
  edge: ReturnType<typeof createEdge>,
  file: string,
  line: number,
  request: Parameters<typeof edge.toApplication>[1]
): Application {
  try {
    return edge.toApplication(OFFLINE_TENANT, request)
  } catch (error) {
    throw error instanceof AssayError ? new DataError(file, line, describe(error.problems), error) : error
  }
}

function describe(problems: readonly { readonly field: string; readonly problem: string }[]): string {
  return problems.map(({ field, problem }) => `${field} ${problem}`).join('; ')
}
