import type { DecisionRequest } from '../src/domain/application.ts'
import { applicantId, applicationId, createTraffic, RETURNING_PEOPLE } from './traffic.ts'

/**
 * people: each of its own devices and history; hot-applicant, hot-device: every tenth request is the same person, or is sent
 * from the same device; with-events: every third request is an event of an earlier loan instead of an application.
 */
export const TRAFFIC_KINDS = ['people', 'hot-applicant', 'hot-device', 'with-events'] as const
export type TrafficKind = (typeof TRAFFIC_KINDS)[number]

export interface PreparedRequestsOptions {
  readonly seed: number
  /** Of the application ids; a second generator against the same service needs another. */
  readonly prefix: string
  readonly host: string
  readonly path: string
  readonly key: string
  readonly applications?: number
  readonly kind?: TrafficKind | undefined
}

export interface PreparedRequests {
  /** One whole HTTP request, ASCII, with an application id that was not used before. */
  next(): string
}

const APPLICATIONS = 40_000
const HOT_EVERY = 10
const EVENT_EVERY = 3
const EVENTS_PATH = '/v1/events'

/**
 * Requests written out in advance but for the application id, of which every one sent is new. What is left to do per
 * request is to join three pieces, so that the generator takes little of the two cores from the service: half the cost
 * of a JSON.stringify, and none of what autocannon’s own setupRequest adds to each request (README, "The generator").
 */
export function prepareRequests(options: PreparedRequestsOptions): PreparedRequests {
  const { seed, prefix, host, path, key, applications = APPLICATIONS, kind = 'people' } = options
  const traffic = createTraffic({ seed, prefix })
  const hot = traffic.next()
  const heads: string[] = []
  const tails: string[] = []
  const nowMs = Date.now()
  for (let index = 0; index < applications; index++) {
    const isEvent = kind === 'with-events' && index % EVENT_EVERY === 0
    const request = isEvent ? repayment(prefix, index, nowMs) : likeHot(traffic.next(), hot, kind, index)
    const id = 'eventId' in request ? request.eventId : request.applicationId
    const body = JSON.stringify(request)
    const at = body.indexOf(id)
    heads.push(
      `POST ${isEvent ? EVENTS_PATH : path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${key}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, at)}`
    )
    tails.push(body.slice(at + id.length))
  }
  let sent = 0
  return {
    next() {
      const index = sent % applications
      return (heads[index] as string) + applicationId(prefix, sent++) + (tails[index] as string)
    }
  }
}

function likeHot(request: DecisionRequest, hot: DecisionRequest, kind: TrafficKind, index: number): DecisionRequest {
  if (index % HOT_EVERY !== 0 || hot.device === undefined) return request
  const { applicantId: same, applicant, identity, device } = hot
  if (kind === 'hot-applicant')
    return { ...request, applicantId: same, applicant, device, ...(identity && { identity }) }
  return kind === 'hot-device' ? { ...request, device } : request
}

/** Of a length that its id does not change: what the id stands in is written out before. */
function repayment(prefix: string, index: number, nowMs: number) {
  const person = index % RETURNING_PEOPLE
  return {
    eventId: applicationId(prefix, index),
    type: 'repayment.received',
    applicantId: applicantId(person),
    occurredAtMs: nowMs - 1000,
    data: { loanId: `earlier-${person}-1`, instalmentNo: 1, dueAtMs: nowMs, amountMinor: 100_000 }
  }
}
