import type { Redis } from 'ioredis'
import { compileCheck } from '../domain/check.ts'
import { AssayError } from '../errors.ts'
import { writeGuard } from '../redis/guard-functions.ts'
import type { Keys } from '../redis/keys.ts'
import { type GuardEntry, type GuardState, GuardStateSchema, NO_GUARD } from './guard-state.ts'

/** Years of an entry or two a day. */
const KEEP_ENTRIES = 10_000

export interface StoredGuard {
  readonly state: GuardState
  /** The fencing token: a write that was made from an older state is refused. */
  readonly version: number
}

export interface GuardStore {
  readonly read: () => Promise<StoredGuard>
  /** False when somebody else has changed it since it was read: read again. */
  readonly write: (read: StoredGuard, state: GuardState, entries: readonly GuardEntry[]) => Promise<boolean>
  /** The newest first. */
  readonly history: (limit: number) => Promise<GuardEntry[]>
}

const check = compileCheck(GuardStateSchema)

/** @throws AssayError internal_error when what is stored is no state of a guard: somebody else wrote it */
export function parseGuardState(json: string): GuardState {
  const checked = check(JSON.parse(json))
  if (checked.ok) return checked.value
  throw new AssayError('internal_error', 'the stored state of the guard is malformed', { problems: checked.problems })
}

export function createGuardStore(redis: Redis, keys: Keys): GuardStore {
  return {
    read: async () => {
      const [version, json] = await redis.hmget(keys.guardState(), 'v', 's')
      if (json === null || json === undefined) return { state: NO_GUARD, version: 0 }
      return { state: parseGuardState(json), version: Number(version) }
    },
    write: ({ version }, state, entries) =>
      writeGuard(redis, {
        state: keys.guardState(),
        history: keys.guardHistory(),
        version,
        json: JSON.stringify(state),
        keepEntries: KEEP_ENTRIES,
        entries: entries.map((entry) => JSON.stringify(entry))
      }),
    history: async (limit) => {
      const entries = await redis.xrevrange(keys.guardHistory(), '+', '-', 'COUNT', limit)
      return entries.map(([, fields]) => JSON.parse(fields[1] ?? '') as GuardEntry)
    }
  }
}
