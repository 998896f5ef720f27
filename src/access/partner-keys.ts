import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import { type Static, Type } from 'typebox'
import { compileCheck } from '../domain/check.ts'
import { TenantSchema } from '../domain/ids.ts'
import { AssayError } from '../errors.ts'
import type { Keys } from '../redis/keys.ts'

export const SCOPES = ['decisions', 'events', 'features', 'outcomes', 'reviews', 'webhooks', 'loans'] as const
export type Scope = (typeof SCOPES)[number]
/** What a program of a partner may have. A person reviews with a key of their own, which may do nothing else. */
export const PARTNER_SCOPES = SCOPES.filter((scope) => scope !== 'reviews')

export const ReviewerSchema = Type.String({
  pattern: '^[a-z][a-z0-9.-]{0,31}$',
  description: 'Who reviews with the key, by a short name within the partner'
})

/** What is stored of a key: never the secret. A 256-bit random secret needs no slow hash. */
const StoredKeySchema = Type.Object(
  {
    tenant: TenantSchema,
    digest: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'sha256 of the secret' }),
    scopes: Type.Array(Type.Enum([...SCOPES])),
    reviewer: Type.Optional(ReviewerSchema),
    createdAtMs: Type.Integer(),
    revokedAtMs: Type.Union([Type.Integer(), Type.Null()])
  },
  { additionalProperties: false }
)
type StoredKey = Static<typeof StoredKeySchema>

/** Who is asking; tenant and scopes come from the credential alone. */
export interface Principal {
  readonly keyId: string
  readonly tenant: string
  readonly scopes: readonly Scope[]
  /** The person whose key it is: exactly on keys of the scope reviews. */
  readonly reviewer?: string
}

const KEY = /^ak_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/
/** A revocation acts within this time; a burst with one key asks Redis once. */
const CACHE_TTL_MS = 5000
const MAX_CACHED = 10_000
const UNKNOWN = Symbol('unknown key id')

const check = compileCheck(StoredKeySchema)

export interface PartnerKeys {
  /** The principal of a key at hand, without waiting; undefined when the key must be looked up first. */
  readonly verifyCached: (key: string) => Principal | 'refused' | undefined
  readonly verify: (key: string) => Promise<Principal | 'refused'>
  /** Makes a key. It is shown once: only its digest is kept. */
  readonly create: (
    tenant: string,
    scopes: readonly Scope[],
    nowMs: number,
    /** Whose key it is: needed for the scope reviews, and for no other. */
    reviewer?: string
  ) => Promise<{ key: string; keyId: string }>
  /** False when there is no such key. */
  readonly revoke: (keyId: string, nowMs: number) => Promise<boolean>
  readonly list: () => Promise<(Principal & { readonly createdAtMs: number; readonly revokedAtMs: number | null })[]>
}

/** Partner keys `ak_<id>_<secret>` in a Redis hash, with a small cache in front. */
export function createPartnerKeys(redis: Redis, keys: Keys): PartnerKeys {
  const cache = new LRUCache<string, StoredKey | typeof UNKNOWN>({ max: MAX_CACHED, ttl: CACHE_TTL_MS })
  // Keys that were right a moment ago, so that a burst with one key hashes it once.
  const verified = new LRUCache<string, Principal>({ max: MAX_CACHED, ttl: CACHE_TTL_MS })

  const load = async (keyId: string): Promise<StoredKey | typeof UNKNOWN> => {
    const json = await redis.hget(keys.partnerKeys(), keyId)
    const stored = json === null ? UNKNOWN : readStored(json)
    cache.set(keyId, stored)
    return stored
  }

  const store = (keyId: string, stored: StoredKey) => redis.hset(keys.partnerKeys(), keyId, JSON.stringify(stored))

  return {
    verifyCached: (key) => {
      const known = verified.get(key)
      if (known !== undefined) return known
      const parts = KEY.exec(key)
      if (parts === null) return 'refused'
      const stored = cache.get(parts[1] as string)
      return stored === undefined ? undefined : judge(parts[1] as string, parts[2] as string, stored)
    },
    verify: async (key) => {
      const parts = KEY.exec(key)
      if (parts === null) return 'refused'
      try {
        const principal = judge(parts[1] as string, parts[2] as string, await load(parts[1] as string))
        if (principal !== 'refused') verified.set(key, principal)
        return principal
      } catch (cause) {
        throw new AssayError('store_unavailable', 'the key could not be looked up', { cause, retryAfterSeconds: 1 })
      }
    },
    create: async (tenant, scopes, nowMs, reviewer) => {
      if (scopes.includes('reviews') !== (reviewer !== undefined) || (reviewer !== undefined && scopes.length > 1))
        throw new AssayError('internal_error', 'a person reviews with a key of their own, which may do nothing else')
      const keyId = randomBytes(6).toString('hex')
      const secret = randomBytes(32).toString('base64url')
      await store(keyId, {
        tenant,
        digest: digestOf(secret),
        scopes: [...scopes],
        ...(reviewer !== undefined && { reviewer }),
        createdAtMs: nowMs,
        revokedAtMs: null
      })
      return { key: `ak_${keyId}_${secret}`, keyId }
    },
    revoke: async (keyId, nowMs) => {
      const stored = await load(keyId)
      if (stored === UNKNOWN) return false
      await store(keyId, { ...stored, revokedAtMs: stored.revokedAtMs ?? nowMs })
      cache.delete(keyId)
      verified.clear()
      return true
    },
    list: async () => {
      const all = await redis.hgetall(keys.partnerKeys())
      return Object.entries(all).map(([keyId, json]) => {
        const { digest: _, ...told } = readStored(json)
        return { keyId, ...told }
      })
    }
  }
}

function readStored(json: string): StoredKey {
  const checked = check(JSON.parse(json))
  if (!checked.ok)
    throw new AssayError('internal_error', 'a stored partner key is broken', { problems: checked.problems })
  return checked.value
}

function digestOf(secret: string): string {
  return hash('sha256', secret, 'hex')
}

function judge(keyId: string, secret: string, stored: StoredKey | typeof UNKNOWN): Principal | 'refused' {
  if (stored === UNKNOWN || stored.revokedAtMs !== null) return 'refused'
  const same = timingSafeEqual(Buffer.from(digestOf(secret), 'latin1'), Buffer.from(stored.digest, 'latin1'))
  if (!same) return 'refused'
  const { tenant, scopes, reviewer } = stored
  return { keyId, tenant, scopes, ...(reviewer !== undefined && { reviewer }) }
}
