import type { Goal } from '../../results.ts'
import { table } from '../../tables.ts'
import type { DecisionCpu } from './decision-cpu.ts'
import type { ScoreRow } from './measure.ts'

export interface Measured {
  /** Of the model that serves. */
  readonly rows: readonly ScoreRow[]
  /** Of a hundred made-up trees of depth four. */
  readonly madeUp: readonly ScoreRow[]
  readonly decision: DecisionCpu
}

const NON_APPROVE_SHARE = 0.3
const [POOL_BATCH, POOL_TIMES] = [8, 1]
const REASONS_TIMES = 5
const REASONS_SHARE = 0.15

/**
 * What one explained row costs, the dearer of two ways to tell: alone in this thread, and the difference that reasons
 * make in the pool at the largest batch, where waking a thread blurs it least.
 */
function reasonMicros(rows: readonly ScoreRow[]): number {
  const { pool, poolWithReasons, reasons } = rows.at(-1) as ScoreRow
  return Math.max(reasons, poolWithReasons - pool)
}

/** The part of a decision’s CPU that reasons take when 30 % are explained. */
function reasonsShareOfDecision({ rows, decision: { micros } }: Measured): number {
  return (NON_APPROVE_SHARE * reasonMicros(rows)) / (micros.gateway + micros.redis)
}

/** What `--json` writes: these members and no others. */
export function scoreJson(measured: Measured) {
  return {
    rows: measured.rows.map(({ batch, bare, pool, poolWithReasons }) => ({ batch, bare, pool, poolWithReasons })),
    reasonsShareOfDecision: reasonsShareOfDecision(measured)
  }
}

export function checkScoreGoals(measured: Measured): Goal[] {
  const { rows, madeUp } = measured
  const share = reasonsShareOfDecision(measured)
  return [
    poolGoal('the credit model', rows),
    poolGoal('100 trees of depth 4', madeUp),
    reasonsGoal('the credit model', rows),
    reasonsGoal('100 trees of depth 4', madeUp),
    {
      name: `with 30 % explained, reasons take at most ${percent(REASONS_SHARE)} of the CPU of a decision`,
      measured: percent(share),
      holds: share <= REASONS_SHARE
    }
  ]
}

function poolGoal(of: string, rows: readonly ScoreRow[]): Goal {
  const { bare, pool } = rows.find(({ batch }) => batch === POOL_BATCH) as ScoreRow
  const added = (pool - bare) / bare
  return {
    name: `pool and batching add at most ${POOL_TIMES} × the model’s own time at batch ${POOL_BATCH} (${of})`,
    measured: `${added.toFixed(2)} ×`,
    holds: added <= POOL_TIMES
  }
}

/** One score is a row of the largest batch, where it is cheapest: the hardest way to read the goal. */
function reasonsGoal(of: string, rows: readonly ScoreRow[]): Goal {
  const times = reasonMicros(rows) / (rows.at(-1) as ScoreRow).bare
  return {
    name: `reasons cost at most ${REASONS_TIMES} × one score (${of})`,
    measured: `${times.toFixed(2)} ×`,
    holds: times <= REASONS_TIMES
  }
}

export function scoreTable(title: string, rows: readonly ScoreRow[]): string {
  const lines = rows.map(({ batch, bare, pool, poolWithReasons, reasons }) => {
    const times = (micros: number): string => `${(micros / bare).toFixed(2)} ×`
    const cells = [pool, poolWithReasons, reasons].flatMap((micros) => [micros.toFixed(2), times(micros)])
    return [batch, bare.toFixed(2), ...cells]
  })
  const header = ['batch', 'bare', 'pool', '', 'with reasons', '', 'reasons alone', '']
  return `${title}, microseconds a row and times bare\n${table(header, lines)}`
}

export function decisionLine({ micros, decisionsPerSecond, otherCores }: DecisionCpu): string {
  const all = micros.gateway + micros.redis
  return (
    `A decision at saturation (${Math.round(decisionsPerSecond).toLocaleString('en')} a second): ${all.toFixed(0)} µs of CPU, ` +
    `gateway with its scoring thread ${micros.gateway.toFixed(0)}, Redis ${micros.redis.toFixed(0)}; others took ${otherCores.toFixed(2)} cores\n`
  )
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
