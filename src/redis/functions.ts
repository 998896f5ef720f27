import { readdirSync, readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'

const LUA_FOLDER = new URL('./lua/', import.meta.url)

/** The library as one source: its files in order of their names. */
export function librarySource(): string {
  const files = readdirSync(LUA_FOLDER)
    .filter((file) => file.endsWith('.lua'))
    .sort()
  return files.map((file) => readFileSync(new URL(file, LUA_FOLDER), 'utf8')).join('\n')
}

export function versionOf(source: string): number {
  const version = /^-- version (\d+)$/m.exec(source)?.[1]
  if (version === undefined) throw new Error('the function library has no “-- version N” line')
  return Number(version)
}

/** Loads the library unless this version or a newer one is there: during a rolling deploy the newest wins. */
export async function loadFunctions(redis: Redis, source = librarySource()): Promise<void> {
  const installed = (await redis.call('FUNCTION', 'LIST', 'LIBRARYNAME', 'assay', 'WITHCODE')) as unknown
  const code = /-- version \d+/.exec(JSON.stringify(installed))?.[0]
  if (code !== undefined && versionOf(code) >= versionOf(source)) return
  await redis.call('FUNCTION', 'LOAD', 'REPLACE', source)
}

const text = (reply: unknown): string => String(reply)

export type BeginReply =
  | { readonly kind: 'claimed'; readonly values: readonly (Buffer | null)[] }
  | { readonly kind: 'decided'; readonly decisionId: string }
  | { readonly kind: 'conflict'; readonly decisionId: string }
  | { readonly kind: 'keyConflict' | 'pending' | 'backlog' }

/** ioredis has the method and its types lack it; callBuffer('FCALL') sends a wrong command (performance reference, 2). */
type BufferRedis = Redis & {
  fcallBuffer: (
    name: string,
    keyCount: number,
    ...rest: (string | Buffer | number)[]
  ) => Promise<readonly BufferReply[]>
}
type BufferReply = readonly [Buffer, ...(Buffer | null)[]]

/**
 * assay_begin of lua/20-decisions.lua for the decisions of one turn; `values` of a claimed one are its entities before this
 * application, in key order.
 */
export async function begin(redis: Redis, keys: readonly string[], args: readonly (string | Buffer | number)[]) {
  const replies = await (redis as BufferRedis).fcallBuffer('assay_begin', keys.length, ...keys, ...args)
  return replies.map(readBeginReply)
}

function readBeginReply([outcome, ...values]: BufferReply): BeginReply {
  switch (text(outcome)) {
    case 'CLAIMED':
      return { kind: 'claimed', values }
    case 'DECIDED':
      return { kind: 'decided', decisionId: text(values[0]) }
    case 'CONFLICT':
      return { kind: 'conflict', decisionId: text(values[0]) }
    case 'KEY_CONFLICT':
      return { kind: 'keyConflict' }
    case 'BACKLOG':
      return { kind: 'backlog' }
    default:
      return { kind: 'pending' }
  }
}

/** What an application’s value says of a fingerprint: decided before, or in conflict; undefined for neither. */
export function readApplication(value: string | null, fingerprint: string): BeginReply | undefined {
  if (value === null) return undefined
  const decisionId = value.slice(65)
  if (value.slice(1, 65) !== fingerprint) return { kind: 'conflict', decisionId }
  return value.startsWith('D') ? { kind: 'decided', decisionId } : undefined
}

/** assay_commit; of each decision whether it is durable: false when the claim is no longer ours. */
export async function commit(redis: Redis, keys: readonly string[], args: readonly (string | Buffer | number)[]) {
  const replies = (await redis.fcall('assay_commit', keys.length, ...keys, ...args)) as readonly number[]
  return replies.map((reply) => reply === 1)
}

/** assay_release: false when the claim is no longer ours. */
export async function release(redis: Redis, applicationKey: string, fingerprint: string, decisionId: string) {
  return (await redis.fcall('assay_release', 1, applicationKey, fingerprint, decisionId)) === 1
}

/** assay_append: false when an entity is full and nothing was written. */
export async function append(redis: Redis, keys: readonly string[], args: readonly (string | Buffer | number)[]) {
  return (await redis.fcall('assay_append', keys.length, ...keys, ...args)) === 1
}

/** assay_compact: false when somebody else folded first. */
export async function compact(redis: Redis, entityKey: string, args: readonly (string | Buffer | number)[]) {
  return (await redis.fcall('assay_compact', 1, entityKey, ...args)) === 1
}

/** assay_effect: false when it was done before. */
export async function effectOnce(redis: Redis, keys: readonly [string, string], entry: string, keepMs: number) {
  return (await redis.fcall('assay_effect', 2, ...keys, entry, keepMs)) === 1
}

/** assay_forget: false when the entity is no longer what was read. */
export async function forget(redis: Redis, entityKey: string, args: readonly (string | number)[]) {
  return (await redis.fcall('assay_forget', 1, entityKey, ...args)) === 1
}
