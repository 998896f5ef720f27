import type { Redis } from 'ioredis'
import { type Static, Type } from 'typebox'
import { compileCheck } from '../domain/check.ts'
import { REPLAY_OUTCOMES, type ReplayOutcome, type ReplayPosition } from '../features/replay.ts'
import type { Keys } from '../redis/keys.ts'
import { UsageError } from './command.ts'

const KEEP_SECONDS = 7 * 86_400
const count = Type.Integer({ minimum: 0 })

const SavedReplaySchema = Type.Object({
  /** What was asked for: going on with something else would leave entities out. */
  call: Type.String(),
  from: count,
  width: Type.Integer({ minimum: 1 }),
  events: count,
  malformed: count,
  outcomes: Type.Object(
    Object.fromEntries(REPLAY_OUTCOMES.map((outcome) => [outcome, count])) as Record<ReplayOutcome, typeof count>
  )
})
type SavedReplay = Static<typeof SavedReplaySchema>

const check = compileCheck(SavedReplaySchema)

/** Where a replay has come to, in Redis, so that another host can go on. */
export function createPositionStore(redis: Redis, keys: Keys, call: string) {
  return {
    /** Undefined when there is nothing to resume. @throws UsageError when it was another call */
    load: async (): Promise<ReplayPosition | undefined> => {
      const text = await redis.get(keys.replay())
      const checked = check(text === null ? undefined : JSON.parse(text))
      if (!checked.ok) return undefined
      const { call: savedCall, ...position } = checked.value
      if (savedCall !== call) throw new UsageError(`the replay to resume was another one: ${savedCall}`)
      return position
    },
    save: async (position: ReplayPosition): Promise<void> => {
      const saved: SavedReplay = { call, ...position }
      await redis.set(keys.replay(), JSON.stringify(saved), 'EX', KEEP_SECONDS)
    },
    clear: async (): Promise<void> => {
      await redis.del(keys.replay())
    }
  }
}
