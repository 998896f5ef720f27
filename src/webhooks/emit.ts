import type { Redis } from 'ioredis'
import { compileCheck } from '../domain/check.ts'
import { AssayError } from '../errors.ts'
import type { Keys } from '../redis/keys.ts'
import { emitWebhook } from '../redis/webhook-functions.ts'
import { type WebhookEvent, WebhookEventSchema, webhookEventId } from './event.ts'

const DAY_MS = 86_400_000
/** Tries end after a day and a half; the rest is for a person who sends a dead delivery again. */
export const EVENT_KEEP_MS = 30 * DAY_MS
/** Counted from the last event of an aggregate. Longer than any product’s term: a sequence must not begin anew. */
const SEQUENCE_KEEP_MS = 400 * DAY_MS

/**
 * Makes an event durable, to be told to the endpoints of its tenant. Idempotent: the same `dedupeKey` (of the same tenant
 * and type) again changes nothing. A tenant without an endpoint costs one look in Redis and leaves nothing.
 *
 * @throws AssayError internal_error when `data` is more than ids, codes and numbers; store_unavailable when it is not known
 * whether the event is durable: emit it again
 */
export type EmitWebhook = (event: WebhookEvent) => Promise<void>

const check = compileCheck(WebhookEventSchema)

export function createEmitWebhook(redis: Redis, keys: Keys): EmitWebhook {
  return async (event) => {
    const checked = check(event)
    if (!checked.ok)
      throw new AssayError('internal_error', 'a webhook event is malformed', { problems: checked.problems })
    const { tenant, aggregateId } = event
    const eventId = webhookEventId(event)
    const call = {
      endpoints: keys.webhookEndpoints(tenant),
      event: keys.webhookEvent(tenant, eventId),
      sequence: keys.webhookSequence(tenant, aggregateId),
      outbox: keys.webhookOutbox(),
      json: JSON.stringify(event),
      entry: JSON.stringify({ tenant, eventId })
    }
    try {
      await emitWebhook(redis, call, { eventMs: EVENT_KEEP_MS, sequenceMs: SEQUENCE_KEEP_MS })
    } catch (cause) {
      throw new AssayError('store_unavailable', 'the webhook event could not be kept', { cause, retryAfterSeconds: 1 })
    }
  }
}
