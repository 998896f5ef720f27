import type { Redis } from 'ioredis'

export interface GuardWriteCall {
  readonly state: string
  readonly history: string
  /** As it was read; whoever wrote since has raised it. */
  readonly version: number
  /** The new state as JSON. */
  readonly json: string
  readonly keepEntries: number
  /** New entries of the history as JSON. */
  readonly entries: readonly string[]
}

/** assay_guard_write of lua/90-guard.lua: false when somebody else has changed the state since it was read. */
export async function writeGuard(redis: Redis, call: GuardWriteCall): Promise<boolean> {
  const { state, history, version, json, keepEntries, entries } = call
  return (await redis.fcall('assay_guard_write', 2, state, history, version, json, keepEntries, ...entries)) === 1
}
