import type { Appendfsync } from '../../load-tests/appendfsync.ts'
import { table } from '../../load-tests/tables.ts'
import type { Driven } from './driver.ts'
import { countFindings, describeFinding, type Finding } from './findings.ts'
import type { Victim } from './kill-plan.ts'

export interface KillReport extends Driven {
  readonly seed: number
  readonly appendfsync: Appendfsync
  readonly kills: Readonly<Record<Victim, number>>
  /** Processes that ended and were not killed. */
  readonly endedByThemselves: number
  /** Tries that were not acknowledged, by status; 'broken' is a connection that was cut or refused. */
  readonly retries: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
  /** Entries of the ledger at the end: one for each decision, or something was decided twice. */
  readonly ledger: number
  readonly durationMs: number
}

const SHOWN_FINDINGS = 20

/** Whether every decision counted everything once and was made once. */
export function holds({ findings, ledger, decisions }: KillReport): boolean {
  return findings.length === 0 && ledger === decisions
}

export function reportTable(report: KillReport): string {
  const { decisions, events, duplicates, kills, endedByThemselves, retries, findings, ledger, durationMs } = report
  const { missed, doubled, different } = countFindings(findings)
  const rows = [
    ['decisions', decisions],
    ['entries of the ledger', ledger],
    ['events', events],
    ['duplicates sent', duplicates],
    ...Object.entries(kills).map(([victim, count]) => [`kills of ${victim}`, count]),
    ['ended by themselves', endedByThemselves],
    ...Object.entries(retries).map(([reason, count]) => [`retries after ${reason}`, count]),
    ['missed', missed],
    ['doubled', doubled],
    ['different', different],
    ['seconds', (durationMs / 1000).toFixed(1)]
  ]
  const shown = findings.slice(0, SHOWN_FINDINGS).map((finding) => `  ! ${describeFinding(finding)}\n`)
  const verdict = holds(report)
    ? 'No decision missed an acknowledged event or counted one twice.'
    : 'FAILED: what was acknowledged was not counted exactly once.'
  return `${table(['fresh and once, under kills', ''], rows as [string, number | string][])}${shown.join('')}${verdict}\n`
}

export function reportJson(report: KillReport): string {
  const { findings, durationMs, ...numbers } = report
  return JSON.stringify({ ...numbers, ...countFindings(findings), durationMs: Math.round(durationMs) })
}
