import type { machine } from '../json-report.ts'
import { table } from '../tables.ts'
import { type Compared, total } from './baseline.ts'
import type { Finding, PhaseOutcome } from './findings.ts'

/** The route that does nothing, measured in the same session at the first rate of the scenario. */
export interface NoopFloor {
  readonly p50: number
  readonly p99: number
  readonly cpuMicros: number
}

export interface ScenarioReport {
  readonly name: string
  readonly proves: string
  readonly limits: string
  readonly noop: NoopFloor
  readonly phases: readonly PhaseOutcome[]
  readonly findings: readonly Finding[]
}

export interface ScenariosReport {
  readonly startedAt: string
  readonly machine: ReturnType<typeof machine>
  readonly seed: number
  readonly scenarios: readonly ScenarioReport[]
}

/** What a terminal shows of one scenario. */
export function scenarioText({ name, proves, limits, noop, phases, findings }: ScenarioReport): string {
  const cells = (of: { p50: number; p90: number; p99: number; p999: number; max: number }) =>
    [of.p50, of.p90, of.p99, of.p999, of.max].map((value) => (Number.isFinite(value) ? value.toFixed(2) : '-'))
  const rows = phases.map(({ name: phase, row }) => [
    phase,
    row.sent,
    row.errors,
    ...cells(row),
    total(row.cpuMicrosPerRequest).toFixed(0),
    row.heldBack
  ])
  const floor = ['no-op', '', '', noop.p50.toFixed(2), '', noop.p99.toFixed(2), '', '', noop.cpuMicros.toFixed(0), '']
  const header = ['', 'sent', 'errors', 'p50', 'p90', 'p99', 'p99.9', 'max', 'CPU µs', 'held back']
  return [
    `${name}: ${proves}\n  Not shown: ${limits}\n`,
    table(header, [floor, ...rows]),
    ...findings.map(({ text, holds }) => `  ${holds === null ? '     ' : holds ? 'holds' : 'FAILS'}  ${text}\n`)
  ].join('')
}

export function comparisonText(compared: readonly Compared[], baselineFile: string): string {
  if (compared.length === 0) return `Nothing of this run is in ${baselineFile}\n`
  const rows = compared.map(({ scenario, phase, what, now, baseline }) => [
    `${scenario}, ${phase}: ${what}`,
    `${now.toFixed(2)} × no-op`,
    `${baseline.toFixed(2)} × no-op`,
    (now / baseline).toFixed(2)
  ])
  return `Compared with ${baselineFile}, each as a multiple of the no-op route of its own session\n${table(
    ['', 'now', 'then', 'now ÷ then'],
    rows
  )}`
}
