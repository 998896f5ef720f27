import type { OpenLoopRow } from '../results.ts'
import type { TimelineSecond } from '../timeline.ts'
import { type Sample, slope } from './samples.ts'

export interface PhaseOutcome {
  readonly name: string
  readonly row: OpenLoopRow
  readonly samples: readonly Sample[]
  /** What the thing beside it had done by the end, such as jobs a second; null without one. */
  readonly beside: string | null
}

/** A sentence about what was measured; `holds` is null where nothing is promised. */
export interface Finding {
  readonly text: string
  readonly holds: boolean | null
}

const P99_GOAL_MS = 10
const MONITORING_TIMES = 1.25
const SOAK_CPU_SHARE = 0.03
/** Below this a process does not grow: over a day it would be less than a gigabyte. */
const SOAK_MIB_A_MINUTE = 0.5
const MINUTE = 60
const BACK_TO_TIMES = 2
const SPIKE_START_SHARE = 0.25

/** What a scenario found, beside its table. */
export function findingsOf(scenario: string, phases: readonly PhaseOutcome[]): Finding[] {
  const [first, second] = phases
  if (first === undefined) return []
  const all = [errorsOf(phases)]
  if (scenario === 'steady') all.push(p99Goal(first.row))
  if (scenario === 'ramp') all.push(knee(first.row.timeline))
  if (scenario === 'spike') all.push(afterSpike(first.row.timeline))
  if (scenario === 'cold-start') all.push(coldStart(first.row.timeline))
  if (scenario === 'soak') all.push(...soak(first))
  if (scenario === 'monitoring') all.push(besideJobs(phases))
  else if (second !== undefined) {
    const times = second.row.p99 / first.row.p99
    const text = `p99 ${ms(second.row.p99)} ${second.name}, ${ms(first.row.p99)} ${first.name}: ${times.toFixed(2)} times`
    all.push({ text, holds: null })
  }
  for (const { name, beside } of phases) if (beside !== null) all.push({ text: `${name}: ${beside}`, holds: null })
  return all
}

/** The phases are pairs: decisions alone, then beside jobs. The median of the pairs says what the jobs cost. */
function besideJobs(phases: readonly PhaseOutcome[]): Finding {
  const pairs = phases.flatMap(({ row }, index) =>
    index % 2 === 1 ? [row.p99 / (phases[index - 1]?.row.p99 ?? 0)] : []
  )
  const times = median(pairs)
  const text = `p99 beside jobs ${times.toFixed(2)} times that of decisions alone (${pairs.map((one) => one.toFixed(2)).join(', ')})`
  return { text, holds: times <= MONITORING_TIMES }
}

function errorsOf(phases: readonly PhaseOutcome[]): Finding {
  const errors = phases.reduce((sum, { row }) => sum + row.errors, 0)
  const sent = phases.reduce((sum, { row }) => sum + row.sent, 0)
  const statuses = phases.flatMap(({ row }) =>
    Object.entries(row.statuses).map(([status, count]) => `${status}: ${count}`)
  )
  return { text: `${errors} errors of ${sent}${errors > 0 ? ` (${statuses.join(', ')})` : ''}`, holds: errors === 0 }
}

function p99Goal({ p99, rate }: OpenLoopRow): Finding {
  return { text: `p99 ${ms(p99)} at ${rate}/s`, holds: p99 < P99_GOAL_MS }
}

function knee(timeline: readonly TimelineSecond[]): Finding {
  const slow = timeline.findIndex(({ p99, errors }) => errors > 0 || p99 === null || p99 > P99_GOAL_MS)
  const last = slow < 0 ? timeline.at(-1) : timeline[slow - 1]
  const peak = Math.max(...timeline.map(({ answered }) => answered))
  const upTo = last === undefined ? 'no second' : `${last.due} decisions a second`
  return {
    text: `p99 within ${P99_GOAL_MS} ms up to ${upTo}; at most ${peak} of those due in one second answered`,
    holds: null
  }
}

function afterSpike(timeline: readonly TimelineSecond[]): Finding {
  const start = Math.floor(timeline.length * SPIKE_START_SHARE)
  const before = median(timeline.slice(0, start).map(({ p99 }) => p99 ?? Number.NaN))
  const during = timeline.slice(start, start * 2).map(({ p99 }) => p99 ?? Number.NaN)
  const rest = timeline.slice(start * 2)
  const back = rest.findIndex(({ p99 }) => p99 !== null && p99 <= Math.max(1, before) * BACK_TO_TIMES)
  const text = `p99 ${ms(before)} before, at worst ${ms(Math.max(...during))} in the rush, `
  return { text: `${text}${back < 0 ? 'not back by the end' : `back within ${back + 1} s`}`, holds: back >= 0 }
}

function coldStart(timeline: readonly TimelineSecond[]): Finding {
  const seconds = [0, 1, 2, 5, timeline.length - 1].filter((at) => at < timeline.length)
  const told = seconds.map((at) => `second ${at + 1}: ${ms(timeline[at]?.p99 ?? Number.NaN)}`)
  return { text: `p99 of ${told.join(', ')}`, holds: null }
}

function soak({ row, samples }: PhaseOutcome): Finding[] {
  const settled = samples.slice(Math.floor(samples.length / 2))
  const names = Object.keys(settled[0]?.memoryMiB ?? {}).filter((name) => name !== 'generator')
  const growth = names.map((name) => {
    const perMinute = slope(settled.map(({ memoryMiB }) => memoryMiB[name] ?? Number.NaN)) * MINUTE
    const text = `${name} ${perMinute.toFixed(2)} MiB a minute in the second half`
    if (name !== 'redis') return { text, holds: Math.abs(perMinute) <= SOAK_MIB_A_MINUTE }
    const perDecision = (perMinute * 2 ** 20) / (row.rate * MINUTE)
    return { text: `${text}: ${perDecision.toFixed(0)} bytes kept of a decision`, holds: null }
  })
  if (samples.length < 3 * MINUTE) return growth
  const cpu = (from: number, to: number) => cpuPerDecision(row.timeline.slice(from, to), samples.slice(from, to))
  const [second, last] = [cpu(MINUTE, 2 * MINUTE), cpu(samples.length - MINUTE, samples.length)]
  const text = `CPU of a decision ${last.toFixed(1)} µs in the last minute, ${second.toFixed(1)} µs in the second`
  return [...growth, { text, holds: Math.abs(last / second - 1) <= SOAK_CPU_SHARE }]
}

function cpuPerDecision(timeline: readonly TimelineSecond[], samples: readonly Sample[]): number {
  const answered = timeline.reduce((sum, second) => sum + second.answered, 0)
  const cores = samples.reduce((sum, { cores }) => sum + Object.values(cores).reduce((all, one) => all + one, 0), 0)
  return (cores * 1e6) / Math.max(1, answered)
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN
}

export function ms(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(2)} ms` : 'no answer'
}
