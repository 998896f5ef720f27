import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { type Static, Type } from 'typebox'
import { compileCheck } from '../domain/check.ts'
import { AssayError } from '../errors.ts'
import type { Keys } from '../redis/keys.ts'
import { type WebhookType, WebhookTypeSchema } from './event.ts'
import type { Seal } from './seal.ts'
import type { SigningKey } from './signature.ts'
import { MAX_URL_LENGTH } from './target.ts'

export const MAX_ENDPOINTS = 10
export const ENDPOINT_ID_PATTERN = '^we_[0-9a-f]{12}$'

const strict = { additionalProperties: false } as const
const StoredEndpointSchema = Type.Object(
  {
    url: Type.String({ maxLength: MAX_URL_LENGTH }),
    types: Type.Array(WebhookTypeSchema, { minItems: 1 }),
    createdAtMs: Type.Integer(),
    keys: Type.Array(
      Type.Object(
        {
          keyId: Type.String(),
          sealed: Type.String({ description: 'The secret under a key that Redis never sees' }),
          createdAtMs: Type.Integer(),
          endsAtMs: Type.Union([Type.Integer(), Type.Null()], { description: 'Signs until then; null without end' })
        },
        strict
      ),
      { minItems: 1, maxItems: 2, description: 'The newest first' }
    )
  },
  strict
)
type StoredEndpoint = Static<typeof StoredEndpointSchema>

/** Where a partner wants to be told, without the secrets. */
export interface Endpoint {
  readonly id: string
  readonly tenant: string
  readonly url: string
  readonly types: readonly WebhookType[]
  readonly createdAtMs: number
  /** Since when it is not told any more, because it answered 410; null while it is. */
  readonly disabledAtMs: number | null
  readonly keys: readonly { readonly keyId: string; readonly createdAtMs: number; readonly endsAtMs: number | null }[]
}

export interface Endpoints {
  /** The secret is shown once. */
  readonly add: (
    tenant: string,
    target: { readonly url: string; readonly types: readonly WebhookType[] },
    nowMs: number
  ) => Promise<(SigningKey & { readonly id: string }) | 'too_many'>
  readonly ofTenant: (tenant: string) => Promise<Endpoint[]>
  readonly all: () => Promise<Endpoint[]>
  readonly find: (id: string) => Promise<Endpoint | undefined>
  /** A new key, which signs beside the one before it until `overlapMs` are over. */
  readonly rotate: (endpoint: Endpoint, overlapMs: number, nowMs: number) => Promise<SigningKey>
  /** The keys that sign now, the newest first. */
  readonly signingKeys: (endpoint: Endpoint, nowMs: number) => Promise<SigningKey[]>
  readonly remove: (endpoint: Endpoint) => Promise<void>
  readonly disable: (endpoint: Endpoint, nowMs: number) => Promise<void>
  readonly enable: (endpoint: Endpoint) => Promise<void>
}

const check = compileCheck(StoredEndpointSchema)

/** Webhook endpoints in a Redis hash for each partner. */
export function createEndpoints(redis: Redis, keys: Keys, seal: Seal): Endpoints {
  const load = async (tenant: string, id: string): Promise<StoredEndpoint> => {
    const json = await redis.hget(keys.webhookEndpoints(tenant), id)
    if (json === null) throw new AssayError('not_found', 'the endpoint was removed')
    return readStored(json)
  }
  const store = (tenant: string, id: string, stored: StoredEndpoint) =>
    redis
      .multi()
      .sadd(keys.webhookTenants(), tenant)
      .hset(keys.webhookEndpoints(tenant), id, JSON.stringify(stored))
      .exec()
  const makeKey = (tenant: string, id: string, nowMs: number) => {
    const keyId = `wk_${randomBytes(4).toString('hex')}`
    const secret = `whs_${randomBytes(32).toString('base64url')}`
    const sealed = seal.close(secret, contextOf(tenant, id, keyId))
    return { secret, stored: { keyId, sealed, createdAtMs: nowMs, endsAtMs: null } }
  }
  const ofTenant = async (tenant: string): Promise<Endpoint[]> => {
    const [all, disabled] = await Promise.all([
      redis.hgetall(keys.webhookEndpoints(tenant)),
      redis.hgetall(keys.webhookDisabled(tenant))
    ])
    return Object.entries(all).map(([id, json]) => toEndpoint(tenant, id, readStored(json), disabled[id]))
  }
  const all = async () => (await Promise.all((await redis.smembers(keys.webhookTenants())).map(ofTenant))).flat()

  return {
    add: async (tenant, { url, types }, nowMs) => {
      if ((await redis.hlen(keys.webhookEndpoints(tenant))) >= MAX_ENDPOINTS) return 'too_many'
      const id = `we_${randomBytes(6).toString('hex')}`
      const { secret, stored } = makeKey(tenant, id, nowMs)
      await store(tenant, id, { url, types: [...types], createdAtMs: nowMs, keys: [stored] })
      return { id, keyId: stored.keyId, secret }
    },
    ofTenant,
    all,
    find: async (id) => (await all()).find((endpoint) => endpoint.id === id),
    rotate: async ({ tenant, id }, overlapMs, nowMs) => {
      const before = await load(tenant, id)
      const { secret, stored } = makeKey(tenant, id, nowMs)
      const last = before.keys.slice(0, 1).map((key) => ({ ...key, endsAtMs: nowMs + overlapMs }))
      await store(tenant, id, { ...before, keys: [stored, ...last] })
      return { keyId: stored.keyId, secret }
    },
    signingKeys: async ({ tenant, id }, nowMs) => {
      const { keys: stored } = await load(tenant, id)
      const valid = stored.filter(({ endsAtMs }) => endsAtMs === null || nowMs < endsAtMs)
      return valid.map(({ keyId, sealed }) => ({ keyId, secret: seal.open(sealed, contextOf(tenant, id, keyId)) }))
    },
    remove: async ({ tenant, id }) => {
      await redis.multi().hdel(keys.webhookEndpoints(tenant), id).hdel(keys.webhookDisabled(tenant), id).exec()
    },
    disable: async ({ tenant, id }, nowMs) => {
      await redis.hset(keys.webhookDisabled(tenant), id, nowMs)
    },
    enable: async ({ tenant, id }) => {
      await redis.hdel(keys.webhookDisabled(tenant), id)
    }
  }
}

/** Whether an endpoint is to be told of a type of event. */
export function isTold({ disabledAtMs, types }: Endpoint, type: WebhookType): boolean {
  return disabledAtMs === null && types.includes(type)
}

function contextOf(tenant: string, endpointId: string, keyId: string): string {
  return `${tenant}|${endpointId}|${keyId}`
}

function toEndpoint(tenant: string, id: string, stored: StoredEndpoint, disabled: string | undefined): Endpoint {
  const keys = stored.keys.map(({ keyId, createdAtMs, endsAtMs }) => ({ keyId, createdAtMs, endsAtMs }))
  return { ...stored, id, tenant, keys, disabledAtMs: disabled === undefined ? null : Number(disabled) }
}

function readStored(json: string): StoredEndpoint {
  const checked = check(JSON.parse(json))
  if (!checked.ok)
    throw new AssayError('internal_error', 'a stored webhook endpoint is broken', { problems: checked.problems })
  return checked.value
}
