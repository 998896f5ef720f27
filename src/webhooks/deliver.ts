import { randomBytes } from 'node:crypto'
import type { WebhookType } from './event.ts'
import { type DeadDelivery, type Deliveries, type Delivery, deliveryIdOf, type KeptEvent } from './redis-deliveries.ts'
import type { Endpoints } from './redis-endpoints.ts'
import type { Send, SendResult } from './send.ts'
import { SIGNATURE_HEADER, signBody } from './signature.ts'

/**
 * What became of one try. gone: the endpoint answered 410 and is told no more. obsolete: there was nothing to send, because
 * the endpoint or the event is no longer there.
 */
export type DeliveryOutcome = 'delivered' | 'retry' | 'dead' | 'gone' | 'obsolete'

export interface DeliverDeps {
  readonly deliveries: Pick<Deliveries, 'readEvent' | 'bury' | 'unbury'>
  readonly endpoints: Pick<Endpoints, 'ofTenant' | 'signingKeys' | 'disable'>
  readonly send: Send
  readonly nowMs: () => number
  readonly onOutcome: (type: WebhookType, outcome: DeliveryOutcome) => void
}

/** Which try it is, counted from 1. */
export interface Try {
  readonly tries: number
  readonly isLast: boolean
}

export type Deliver = (delivery: Delivery, attempt: Try) => Promise<DeliveryOutcome>

const GONE = 410

/**
 * One try to tell one endpoint of one event. At least once: a process that dies behind the answer sends the same body with
 * the same event id again.
 */
export function createDeliver({ deliveries, endpoints, send, nowMs, onOutcome }: DeliverDeps): Deliver {
  return async (delivery, attempt) => {
    const { tenant, eventId, endpointId } = delivery
    const kept = await deliveries.readEvent(tenant, eventId)
    if (kept === undefined) return 'obsolete'
    const { type } = kept.event
    const conclude = (outcome: DeliveryOutcome) => {
      onOutcome(type, outcome)
      return outcome
    }
    const endpoint = (await endpoints.ofTenant(tenant)).find(({ id }) => id === endpointId)
    if (endpoint === undefined || !endpoint.types.includes(type)) return conclude('obsolete')
    const bury = (cause: Pick<DeadDelivery, 'failure' | 'status'>, tries: number) => {
      const letter = { ...cause, ...describe(delivery, kept), tries, deadAt: new Date(nowMs()).toISOString() }
      return deliveries.bury(tenant, letter, nowMs())
    }
    if (endpoint.disabledAtMs !== null) {
      await bury({ failure: 'disabled', status: null }, attempt.tries - 1)
      return conclude('dead')
    }

    const body = composeBody(eventId, kept)
    const signature = signBody(await endpoints.signingKeys(endpoint, nowMs()), body, nowMs())
    const result = await send(endpoint.url, { [SIGNATURE_HEADER]: signature, 'assay-event-id': eventId }, body)
    if (isTaken(result)) {
      await deliveries.unbury(delivery)
      return conclude('delivered')
    }
    const isGone = result.kind === 'answered' && result.status === GONE
    if (!isGone && !attempt.isLast) return conclude('retry')
    if (isGone) await endpoints.disable(endpoint, nowMs())
    await bury(causeOf(result), attempt.tries)
    return conclude(isGone ? 'gone' : 'dead')
  }
}

/** The body, the same for every try: what is signed and what the receiver reads. Pure. */
export function composeBody(eventId: string, { event, sequence }: KeptEvent): string {
  const { type, aggregateId, occurredAtMs, data } = event
  return JSON.stringify({
    id: eventId,
    type,
    occurredAt: new Date(occurredAtMs).toISOString(),
    aggregateId,
    sequence,
    data
  })
}

/** What a person sends to try an endpoint out: shaped as an event, of a type that no event has. */
export function composeTestBody(
  endpointId: string,
  nowMs: number
): { readonly eventId: string; readonly body: string } {
  const eventId = `evt_${randomBytes(16).toString('base64url')}`
  const occurredAt = new Date(nowMs).toISOString()
  const event = { id: eventId, type: 'webhook.test', occurredAt, aggregateId: endpointId, sequence: 0, data: {} }
  return { eventId, body: JSON.stringify(event) }
}

export function isTaken(result: SendResult): boolean {
  return result.kind === 'answered' && result.status >= 200 && result.status < 300
}

function causeOf(result: SendResult): Pick<DeadDelivery, 'failure' | 'status'> {
  if (result.kind === 'answered') return { failure: 'status', status: result.status }
  return { failure: result.failure, status: null }
}

function describe({ eventId, endpointId }: Delivery, { event: { type, aggregateId }, sequence }: KeptEvent) {
  return { deliveryId: deliveryIdOf({ eventId, endpointId }), eventId, endpointId, type, aggregateId, sequence }
}
