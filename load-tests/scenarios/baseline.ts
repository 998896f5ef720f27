import type { ScenarioReport } from './report.ts'

/** One number of a scenario as a ratio to the no-op route of the same session, now and in the baseline. */
export interface Compared {
  readonly scenario: string
  readonly phase: string
  readonly what: 'p50' | 'p99' | 'CPU'
  readonly now: number
  readonly baseline: number
}

/**
 * Two runs beside each other. Milliseconds of two machines, or of one machine on two days, say little; what both did
 * compared with a route that does nothing, in the same minutes, says more. Scenarios of one run only are left out.
 */
export function compare(now: readonly ScenarioReport[], baseline: readonly ScenarioReport[]): Compared[] {
  return now.flatMap((report) => {
    const before = baseline.find(({ name }) => name === report.name)
    if (before === undefined) return []
    return report.phases.flatMap(({ name, row }) => {
      const earlier = before.phases.find((phase) => phase.name === name)
      if (earlier === undefined) return []
      const pair = (what: Compared['what'], of: (from: ScenarioReport, phase: typeof row) => number): Compared => ({
        scenario: report.name,
        phase: name,
        what,
        now: of(report, row),
        baseline: of(before, earlier.row)
      })
      return [
        pair('p50', ({ noop }, { p50 }) => p50 / noop.p50),
        pair('p99', ({ noop }, { p99 }) => p99 / noop.p99),
        pair('CPU', ({ noop }, { cpuMicrosPerRequest }) => total(cpuMicrosPerRequest) / noop.cpuMicros)
      ]
    })
  })
}

export function total(values: Readonly<Record<string, number>>): number {
  return Object.values(values).reduce((sum, value) => sum + (value || 0), 0)
}
