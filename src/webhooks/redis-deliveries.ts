import type { Redis } from 'ioredis'
import { type Static, Type } from 'typebox'
import { compileCheck } from '../domain/check.ts'
import { TenantSchema } from '../domain/ids.ts'
import { AssayError } from '../errors.ts'
import type { Keys } from '../redis/keys.ts'
import { isStoreFault } from '../redis/store-fault.ts'
import { buryDelivery, resendDelivery } from '../redis/webhook-functions.ts'
import { EVENT_KEEP_MS } from './emit.ts'
import { WEBHOOK_EVENT_ID_PATTERN, type WebhookEvent, WebhookEventSchema, WebhookTypeSchema } from './event.ts'
import { ENDPOINT_ID_PATTERN } from './redis-endpoints.ts'
import { SEND_FAILURES } from './send.ts'

/** For each partner. */
const MAX_DEAD_LETTERS = 1000

const DEAD_FAILURES = [...SEND_FAILURES, 'status', 'disabled'] as const

const EventIdSchema = Type.String({ pattern: WEBHOOK_EVENT_ID_PATTERN })
const EndpointIdSchema = Type.String({ pattern: ENDPOINT_ID_PATTERN })

/** An entry of the outbox: an event for every endpoint that wants it, or for one again. Ids only. */
export const WebhookOutboxSchema = Type.Object(
  { tenant: TenantSchema, eventId: EventIdSchema, endpointId: Type.Optional(EndpointIdSchema) },
  { additionalProperties: false }
)

/** One event for one endpoint: the payload of a job. */
export const DeliverySchema = Type.Object(
  { tenant: TenantSchema, eventId: EventIdSchema, endpointId: EndpointIdSchema },
  { additionalProperties: false }
)
export type Delivery = Static<typeof DeliverySchema>

export const DELIVERY_ID_PATTERN = `${WEBHOOK_EVENT_ID_PATTERN.slice(0, -1)}\\.${ENDPOINT_ID_PATTERN.slice(1)}`

/** A delivery that was given up. */
export const DeadDeliverySchema = Type.Object(
  {
    deliveryId: Type.String({ pattern: DELIVERY_ID_PATTERN }),
    eventId: EventIdSchema,
    endpointId: EndpointIdSchema,
    type: WebhookTypeSchema,
    aggregateId: Type.String(),
    sequence: Type.Integer(),
    failure: Type.Enum([...DEAD_FAILURES], {
      description: 'What went wrong last; status: it answered no 2xx; disabled: the endpoint is switched off'
    }),
    status: Type.Union([Type.Integer(), Type.Null()], { description: 'What it answered last' }),
    tries: Type.Integer(),
    deadAt: Type.String({ format: 'date-time' })
  },
  { additionalProperties: false }
)
export type DeadDelivery = Static<typeof DeadDeliverySchema>

/** An event as it was kept, and its number among those of its aggregate. */
export interface KeptEvent {
  readonly event: WebhookEvent
  readonly sequence: number
}

export interface Deliveries {
  /** Undefined when there is none or it has ended. */
  readonly readEvent: (tenant: string, eventId: string) => Promise<KeptEvent | undefined>
  readonly bury: (tenant: string, letter: DeadDelivery, nowMs: number) => Promise<void>
  /** Takes back that a delivery was given up. */
  readonly unbury: (delivery: Delivery) => Promise<void>
  /** The newest first. */
  readonly listDead: (tenant: string, limit: number) => Promise<DeadDelivery[]>
  /** Queues a dead delivery again; false when there is none. */
  readonly resend: (tenant: string, deliveryId: string) => Promise<boolean>
  /** Over all partners. */
  readonly countDead: () => Promise<number>
}

const checkEvent = compileCheck(WebhookEventSchema)
const checkDead = compileCheck(DeadDeliverySchema)
const DELIVERY_ID = new RegExp(DELIVERY_ID_PATTERN)

export function deliveryIdOf({ eventId, endpointId }: Omit<Delivery, 'tenant'>): string {
  return `${eventId}.${endpointId}`
}

/** Events that were kept to be delivered, and deliveries that were given up. */
export function createDeliveries(redis: Redis, keys: Keys): Deliveries {
  return {
    readEvent: async (tenant, eventId) => {
      const { e, s } = await redis.hgetall(keys.webhookEvent(tenant, eventId))
      if (e === undefined) return undefined
      const checked = checkEvent(JSON.parse(e))
      if (!checked.ok)
        throw new AssayError('internal_error', 'a kept webhook event is broken', { problems: checked.problems })
      return { event: checked.value, sequence: Number(s) }
    },
    bury: async (tenant, letter, nowMs) => {
      const [dead, letters] = [keys.webhookDead(tenant), keys.webhookDeadLetters(tenant)]
      const call = { dead, letters, deliveryId: letter.deliveryId, letter: JSON.stringify(letter), nowMs }
      await buryDelivery(redis, call, { maxLetters: MAX_DEAD_LETTERS, keepMs: EVENT_KEEP_MS })
    },
    unbury: async (delivery) => {
      const id = deliveryIdOf(delivery)
      const { tenant } = delivery
      await redis.multi().zrem(keys.webhookDead(tenant), id).hdel(keys.webhookDeadLetters(tenant), id).exec()
    },
    listDead: async (tenant, limit) => {
      const ids = await orUnavailable(redis.zrevrange(keys.webhookDead(tenant), 0, limit - 1))
      if (ids.length === 0) return []
      const letters = await orUnavailable(redis.hmget(keys.webhookDeadLetters(tenant), ...ids))
      return letters.flatMap((json) => {
        const checked = checkDead(JSON.parse(json ?? 'null'))
        return checked.ok ? [checked.value] : []
      })
    },
    resend: async (tenant, deliveryId) => {
      if (!DELIVERY_ID.test(deliveryId)) return false
      const [eventId = '', endpointId = ''] = deliveryId.split('.')
      const call = {
        dead: keys.webhookDead(tenant),
        letters: keys.webhookDeadLetters(tenant),
        event: keys.webhookEvent(tenant, eventId),
        outbox: keys.webhookOutbox(),
        deliveryId,
        entry: JSON.stringify({ tenant, eventId, endpointId })
      }
      return orUnavailable(resendDelivery(redis, call))
    },
    countDead: async () => {
      const tenants = await redis.smembers(keys.webhookTenants())
      const counts = await Promise.all(tenants.map((tenant) => redis.zcard(keys.webhookDead(tenant))))
      return counts.reduce((sum, count) => sum + count, 0)
    }
  }
}

/** @throws AssayError store_unavailable for a fault of Redis or of the way to it */
async function orUnavailable<Reply>(work: Promise<Reply>): Promise<Reply> {
  try {
    return await work
  } catch (cause) {
    if (!isStoreFault(cause)) throw cause
    throw new AssayError('store_unavailable', 'deliveries cannot be read or queued just now', {
      cause,
      retryAfterSeconds: 1
    })
  }
}
