import type { Redis } from 'ioredis'

export interface WebhookEmitCall {
  readonly endpoints: string
  readonly event: string
  readonly sequence: string
  readonly outbox: string
  /** The event as JSON. */
  readonly json: string
  /** Entry of the outbox as JSON. */
  readonly entry: string
}

export type WebhookEmitReply = 'queued' | 'repeated' | 'nobody'

/** assay_webhook_emit of lua/80-webhooks.lua: whether the event was queued now, before, or has nobody to go to. */
export async function emitWebhook(
  redis: Redis,
  { endpoints, event, sequence, outbox, json, entry }: WebhookEmitCall,
  keep: { readonly eventMs: number; readonly sequenceMs: number }
): Promise<WebhookEmitReply> {
  const keys = [endpoints, event, sequence, outbox]
  const reply = await redis.fcall('assay_webhook_emit', 4, ...keys, json, entry, keep.eventMs, keep.sequenceMs)
  if (reply === -1) return 'nobody'
  return reply === 0 ? 'repeated' : 'queued'
}
