import type { StageTime } from './ladder.ts'

export const TIMED_STAGES = ['begin', 'score', 'commit'] as const
export type TimedStage = (typeof TIMED_STAGES)[number]

export interface StageTimes {
  readonly observe: (stage: TimedStage, ms: number) => void
  /** What the stage takes by what it took lately; nothing before the first. */
  readonly of: (stage: TimedStage) => StageTime
}

/** Weights of the newest: some thirty decisions are remembered, and their spread half as long (as TCP does, RFC 6298). */
const MEAN_WEIGHT = 1 / 32
const SPREAD_WEIGHT = 1 / 16
const SPREADS = 4
/** An estimate that nothing renews loses half of itself in this time: what was slow is tried again. */
const HALF_LIFE_MS = 1000

/** How long the stages of a decision take: running means and spreads. */
export function createStageTimes(monotonicMs: () => number): StageTimes {
  const known = new Map(TIMED_STAGES.map((stage) => [stage, { meanMs: 0, spreadMs: 0, atMs: 0, isNew: true }]))
  const stateOf = (stage: TimedStage) =>
    known.get(stage) as { meanMs: number; spreadMs: number; atMs: number; isNew: boolean }
  const remembered = (atMs: number) => 0.5 ** Math.max(0, (monotonicMs() - atMs) / HALF_LIFE_MS)

  return {
    observe: (stage, ms) => {
      const state = stateOf(stage)
      if (state.isNew) Object.assign(state, { meanMs: ms, spreadMs: ms / 2, isNew: false })
      else {
        const share = remembered(state.atMs)
        const meanMs = state.meanMs * share
        state.spreadMs +=
          (Math.abs(ms - meanMs) - state.spreadMs * share) * SPREAD_WEIGHT - state.spreadMs * (1 - share)
        state.meanMs = meanMs + (ms - meanMs) * MEAN_WEIGHT
      }
      state.atMs = monotonicMs()
    },
    of: (stage) => {
      const { meanMs, spreadMs, atMs } = stateOf(stage)
      const share = remembered(atMs)
      return { usualMs: meanMs * share, boundMs: (meanMs + SPREADS * spreadMs) * share }
    }
  }
}
