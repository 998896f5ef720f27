import type { Redis } from 'ioredis'
import type { Standing } from '../domain/standing.ts'

/** assay_standing of lua/37-standing.lua: false when somebody else set it since `before` was read. */
export async function replaceStanding(
  redis: Redis,
  key: string,
  before: string | null,
  standing: Standing | undefined,
  nowMs: number
): Promise<boolean> {
  const value = standing === undefined ? '' : JSON.stringify(standing)
  const keepMs = standing === undefined ? 1 : Math.max(1, standing.untilMs - nowMs)
  return (await redis.fcall('assay_standing', 1, key, before ?? '', value, keepMs)) === 1
}
