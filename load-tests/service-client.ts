import type { DecisionRequest } from '../src/domain/application.ts'
import type { Decision } from '../src/domain/decision.ts'
import type { EventInput } from '../src/domain/event.ts'

export interface ServiceClientOptions {
  readonly port: number
  readonly key: string
  readonly signal: AbortSignal
}

const EVENTS_PER_POST = 500

/** Tells the service what happened before the run; returns how many events that were. */
export async function postEvents(service: ServiceClientOptions, events: Iterable<EventInput>): Promise<number> {
  let posted = 0
  let batch: EventInput[] = []
  const flush = async (): Promise<void> => {
    await post(service, '/v1/events', { events: batch }, 202)
    posted += batch.length
    batch = []
  }
  for (const event of events) {
    batch.push(event)
    if (batch.length === EVENTS_PER_POST) await flush()
  }
  if (batch.length > 0) await flush()
  return posted
}

/** The answer to one application, byte for byte. */
export async function postDecision(service: ServiceClientOptions, request: DecisionRequest): Promise<string> {
  return post(service, '/v1/decisions', request, 200)
}

export function outcomeOf(answer: string): Decision['decision'] {
  return (JSON.parse(answer) as Decision).decision
}

async function post({ port, key, signal }: ServiceClientOptions, path: string, body: object, wanted: number) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal
  })
  const text = await response.text()
  if (response.status !== wanted) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 500)}`)
  return text
}
