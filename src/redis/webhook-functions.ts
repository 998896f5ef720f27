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

export interface WebhookBuryCall {
  readonly dead: string
  readonly letters: string
  readonly deliveryId: string
  /** The letter as JSON. */
  readonly letter: string
  readonly nowMs: number
}

/** assay_webhook_bury: how many old letters went for it. */
export async function buryDelivery(
  redis: Redis,
  { dead, letters, deliveryId, letter, nowMs }: WebhookBuryCall,
  { maxLetters, keepMs }: { readonly maxLetters: number; readonly keepMs: number }
): Promise<number> {
  const args = [deliveryId, letter, nowMs, maxLetters, nowMs - keepMs]
  return (await redis.fcall('assay_webhook_bury', 2, dead, letters, ...args)) as number
}

export interface WebhookResendCall {
  readonly dead: string
  readonly letters: string
  readonly event: string
  readonly outbox: string
  readonly deliveryId: string
  /** Entry of the outbox as JSON. */
  readonly entry: string
}

/** assay_webhook_resend: false when there is no such dead delivery, or its event has ended. */
export async function resendDelivery(redis: Redis, call: WebhookResendCall): Promise<boolean> {
  const keys = [call.dead, call.letters, call.event, call.outbox]
  return (await redis.fcall('assay_webhook_resend', 4, ...keys, call.deliveryId, call.entry)) === 1
}
