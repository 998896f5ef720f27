import type { StageTime } from './ladder.ts'

export type TimedStage = 'begin' | 'score' | 'commit'

export interface StageTimes {
  /** Of a stage that ends now, on the monotonic clock. */
  readonly observe: (stage: TimedStage, ms: number, nowMs: number) => void
  /** What the stage takes by what it took lately; nothing before the first. */
  readonly of: (stage: TimedStage, nowMs: number) => StageTime
}

/** Weights of the newest: some thirty decisions are remembered, and their spread half as long (as TCP does, RFC 6298). */
const MEAN_WEIGHT = 1 / 32
const SPREAD_WEIGHT = 1 / 16
const SPREADS = 4
/** An estimate that nothing renews loses half of itself in this time: what was slow is tried again. */
const HALF_LIFE_MS = 1000

interface StageState {
  meanMs: number
  spreadMs: number
  atMs: number
  isNew: boolean
}

const newState = (): StageState => ({ meanMs: 0, spreadMs: 0, atMs: 0, isNew: true })

/** How long the stages of a decision take: running means and spreads. */
export function createStageTimes(): StageTimes {
  const known: Readonly<Record<TimedStage, StageState>> = { begin: newState(), score: newState(), commit: newState() }
  const remembered = (atMs: number, nowMs: number) => 0.5 ** Math.max(0, (nowMs - atMs) / HALF_LIFE_MS)

  return {
    observe: (stage, ms, nowMs) => {
      const state = known[stage]
      if (state.isNew) Object.assign(state, { meanMs: ms, spreadMs: ms / 2, isNew: false })
      else {
        const share = remembered(state.atMs, nowMs)
        const meanMs = state.meanMs * share
        state.spreadMs +=
          (Math.abs(ms - meanMs) - state.spreadMs * share) * SPREAD_WEIGHT - state.spreadMs * (1 - share)
        state.meanMs = meanMs + (ms - meanMs) * MEAN_WEIGHT
      }
      state.atMs = nowMs
    },
    of: (stage, nowMs) => {
      const { meanMs, spreadMs, atMs } = known[stage]
      const share = remembered(atMs, nowMs)
      return { usualMs: meanMs * share, boundMs: (meanMs + SPREADS * spreadMs) * share }
    }
  }
}
