import { hash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { idSchema, TenantSchema } from '../domain/ids.ts'

export const WEBHOOK_TYPES = [
  'decision.updated',
  'offer.expiring',
  'limit.changed',
  'loan.alert',
  'review.completed'
] as const
export type WebhookType = (typeof WEBHOOK_TYPES)[number]

export const WebhookTypeSchema = Type.Enum([...WEBHOOK_TYPES])

const CodeSchema = Type.String({ pattern: '^[A-Za-z0-9._:~-]{0,64}$', description: 'An id, a code or an instant' })

/** What a partner is told: ids, codes and numbers, by which it asks for the rest. Never a name or a sentence. */
const WebhookDataSchema = Type.Record(
  Type.String({ pattern: '^[a-z][A-Za-z0-9]{0,31}$' }),
  Type.Union([CodeSchema, Type.Number(), Type.Boolean(), Type.Null(), Type.Array(CodeSchema, { maxItems: 16 })]),
  { maxProperties: 16 }
)

/** Something that happened to one aggregate (a decision, a loan, a review) and that its tenant may want to be told. */
export const WebhookEventSchema = Type.Object(
  {
    tenant: TenantSchema,
    type: WebhookTypeSchema,
    aggregateId: idSchema('What it happened to: events of one aggregate are numbered from 1'),
    dedupeKey: Type.String({
      pattern: '^[A-Za-z0-9._:~-]{1,200}$',
      description: 'The same key of the same tenant and type again changes nothing'
    }),
    occurredAtMs: Type.Integer({ minimum: 0 }),
    data: WebhookDataSchema
  },
  { additionalProperties: false }
)
export type WebhookEvent = Static<typeof WebhookEventSchema>

export const WEBHOOK_EVENT_ID_PATTERN = '^evt_[A-Za-z0-9_-]{22}$'

/** The same event has the same id, also when our memory of it has ended: whoever receives it can drop a repeat. */
export function webhookEventId({ tenant, type, dedupeKey }: Pick<WebhookEvent, 'tenant' | 'type' | 'dedupeKey'>) {
  return `evt_${hash('sha256', `${tenant}|${type}|${dedupeKey}`, 'base64url').slice(0, 22)}`
}
