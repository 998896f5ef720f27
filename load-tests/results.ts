import type { CpuUse } from './cpu.ts'
import type { OpenLoopResult } from './open-loop.ts'
import type { CommandUse } from './redis-commands.ts'
import type { SaturationResult } from './saturation.ts'

/** Microseconds of CPU a request, by process: the number that travels to other machines best. */
export type CpuPerRequest = Readonly<Record<string, number>>

export interface Costs {
  readonly cpuMicrosPerRequest: CpuPerRequest
  /** Cores that other programs took meanwhile. */
  readonly otherCores: number
}

export type OpenLoopRow = OpenLoopResult & Costs
export type SaturationRound = SaturationResult & Costs

export interface SaturationSeries {
  /** The median of the rounds. */
  readonly rps: number
  readonly errors: number
  readonly rounds: readonly SaturationRound[]
}

export interface SaturationComparison {
  readonly noop: SaturationSeries
  readonly gateway: SaturationSeries
  readonly shareOfNoop: number
  /** Per decision, over all rounds of the gateway and what the workers did until they were idle again. */
  readonly redisCommands: CommandUse
}

export interface Goal {
  readonly name: string
  readonly measured: string
  readonly holds: boolean
}

export interface LoadResults {
  readonly openLoop: readonly OpenLoopRow[]
  /** The same generator against the route that does nothing: how good a latency can look here and now. */
  readonly noopOpenLoop: OpenLoopRow | null
  readonly saturation: SaturationComparison | null
}

const GOAL_RATE = 2000
const GOAL_P99_MS = 10
const GOAL_SHARE = 1 / 3

export function costs({ micros, otherCores }: CpuUse, requests: number): Costs {
  const perRequest = Object.entries(micros).map(([name, used]) => [name, used / Math.max(1, requests)])
  return { cpuMicrosPerRequest: Object.fromEntries(perRequest), otherCores }
}

export function series(rounds: readonly SaturationRound[]): SaturationSeries {
  return {
    rps: median(rounds.map(({ rps }) => rps)),
    errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
    rounds
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2
}

/** What the project promises of its speed on two cores, as far as this run measured it. */
export function checkGoals({ openLoop, saturation }: LoadResults): Goal[] {
  const goals: Goal[] = []
  const row = openLoop.find(({ rate }) => rate === GOAL_RATE)
  if (row !== undefined) {
    goals.push({
      name: `p99 under ${GOAL_P99_MS} ms at ${GOAL_RATE} decisions/s, no error`,
      measured: `${Number.isNaN(row.p99) ? 'no answer' : `${row.p99.toFixed(2)} ms`}, ${row.errors} errors of ${row.sent}`,
      holds: row.p99 < GOAL_P99_MS && row.errors === 0
    })
  }
  if (saturation !== null) {
    const { shareOfNoop, gateway } = saturation
    goals.push({
      name: 'saturation at least a third of the no-op route, no error',
      measured: `${shareOfNoop.toFixed(3)} of it, ${gateway.errors} errors`,
      holds: shareOfNoop >= GOAL_SHARE && gateway.errors === 0
    })
  }
  return goals
}
