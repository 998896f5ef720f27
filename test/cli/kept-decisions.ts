import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { packDoubles, unpackDoubles } from '../../src/decisions/answer.ts'
import { partitionOf } from '../../src/domain/ids.ts'
import { createKeys, type Keys } from '../../src/redis/keys.ts'
import type { DecidedCase } from '../explanation/decided.ts'
import { connectRedis, sharedRedisUrl, uniquePrefix } from '../support/redis.ts'

// biome-ignore lint/suspicious/noExplicitAny: a stored decision is altered freely
export type Json = Record<string, any>

/** A Redis with decisions of this test alone. */
export interface Shelf {
  readonly redis: Redis
  readonly keys: Keys
  readonly env: Record<string, string>
}

export async function shelf(): Promise<Shelf> {
  const prefix = uniquePrefix('replay-decision')
  return {
    redis: await connectRedis(),
    keys: createKeys(prefix),
    env: { REDIS_URL: sharedRedisUrl(), REDIS_PREFIX: prefix }
  }
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** Puts a decision where the service would, with the ledger entry of `entered`, its own bytes unless told otherwise. */
export async function keep(
  { redis, keys }: Shelf,
  { decisionId }: Pick<DecidedCase, 'decisionId'>,
  value: Buffer,
  entered: Buffer | null = value
): Promise<void> {
  await redis.set(keys.decision(partitionOf(decisionId), 'alpha', decisionId), value, 'PX', 60_000)
  if (entered !== null)
    await redis.xadd(keys.ledger(partitionOf(decisionId)), '*', 'i', decisionId, 'h', sha256(entered))
}

export const bytesOf = ({ answer, record }: Pick<DecidedCase, 'answer' | 'record'>) =>
  Buffer.from(`${answer}\n${record}`)

/** The value with something of it replaced. */
export function altered(decided: DecidedCase, change: (parts: { answer: Json; record: Json }) => void): Buffer {
  const parts = { answer: JSON.parse(decided.answer) as Json, record: JSON.parse(decided.record) as Json }
  change(parts)
  return Buffer.from(`${JSON.stringify(parts.answer)}\n${JSON.stringify(parts.record)}`)
}

export function withDoubles(packed: string, change: (values: Float64Array) => void): string {
  const values = unpackDoubles(packed)
  change(values)
  return packDoubles(values)
}
