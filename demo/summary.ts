import { isRunning, type Loan } from '../src/loans/loan-schema.ts'
import { emptyMetrics, type Sample } from './exposition.ts'
import type { DecisionSummary } from './tally.ts'
import type { Year } from './year.ts'

export interface DemoSummary {
  readonly decisions: DecisionSummary
  readonly events: number
  readonly loans: {
    readonly paidOut: number
    readonly byState: Readonly<Record<string, number>>
    /** Of loans that run. */
    readonly byBucket: Readonly<Record<string, number>>
    readonly byStage: Readonly<Record<string, number>>
    /** Warnings in force, by level. */
    readonly warnings: Readonly<Record<string, number>>
    readonly promises: Readonly<Record<string, number>>
  }
  /** Jobs finished, by job and outcome. */
  readonly jobs: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Samples of the guard and of warnings, as the monitor tells them. */
  readonly watch: Readonly<Record<string, number>>
  readonly webhooks: Readonly<Record<string, number>>
  /** Metrics that a dashboard asks for and that have no sample. */
  readonly emptyMetrics: readonly string[]
  readonly wallSeconds: number
}

export interface SummaryParts {
  readonly year: Year
  readonly loans: readonly Loan[]
  readonly samples: readonly Sample[]
  readonly webhooks: Readonly<Record<string, number>>
  readonly wallSeconds: number
}

const WATCHED = /guard|warning|frozen|breaker|limit_review/
const FINISHED_JOBS = 'credit_queue_jobs_finished_total'

export function summarise({ year, loans, samples, webhooks, wallSeconds }: SummaryParts): DemoSummary {
  const running = loans.filter(isRunning)
  const jobs: Record<string, Record<string, number>> = {}
  for (const { name, labels, value } of samples) {
    const { job, outcome } = labels
    if (name !== FINISHED_JOBS || job === undefined || outcome === undefined) continue
    jobs[job] = { ...jobs[job], [outcome]: (jobs[job]?.[outcome] ?? 0) + value }
  }
  const watched = samples.filter(({ name, value }) => WATCHED.test(name) && !/_bucket$|_sum$/.test(name) && value > 0)
  return {
    decisions: year.decisions,
    events: year.events,
    loans: {
      paidOut: loans.length,
      byState: countBy(loans, ({ state }) => [state]),
      byBucket: countBy(running, ({ bucket }) => [bucket]),
      byStage: countBy(running, ({ stage }) => [`stage ${stage}`]),
      warnings: countBy(loans, (loan) => loan.warnings.map(({ level }) => level)),
      promises: countBy(loans, (loan) => loan.promises.map(({ state }) => state))
    },
    jobs,
    watch: Object.fromEntries(watched.map(({ name, labels, value }) => [`${name}${textOf(labels)}`, value])),
    webhooks,
    emptyMetrics: emptyMetrics(samples),
    wallSeconds
  }
}

function countBy<Item>(items: readonly Item[], keysOf: (item: Item) => readonly string[]) {
  const counts: Record<string, number> = {}
  for (const key of items.flatMap(keysOf).sort()) counts[key] = (counts[key] ?? 0) + 1
  return counts
}

function textOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).filter(([label]) => label !== 'process' && label !== 'service')
  return pairs.length === 0 ? '' : `{${pairs.map(([label, value]) => `${label}=${value}`).join(',')}}`
}

/** The summary for a person to read. */
export function summaryText({
  decisions,
  events,
  loans,
  jobs,
  watch,
  webhooks,
  emptyMetrics: empty,
  wallSeconds
}: DemoSummary) {
  const { byProgram, byPerson, byProduct, attack, frauds, badByBand, applications, degraded } = decisions
  const share = (part: number, whole: number) => (whole === 0 ? '–' : `${Math.round((100 * part) / whole)} %`)
  const list = (counts: object) =>
    Object.entries(counts)
      .map(([key, value]) => `${key} ${value}`)
      .join(', ') || 'none'
  const bands = Object.entries(badByBand).map(([band, { known, bad }]) => `${band} ${share(bad, known)} of ${known}`)
  return [
    ['applications', `${applications}, and ${events} events, in ${wallSeconds.toFixed(0)} s`],
    ['decided by program', `${list(byProgram)} (approved ${share(byProgram.APPROVE, applications)})`],
    ...Object.entries(byProduct).map(([product, counts]) => [`  ${product}`, list(counts)]),
    ['decided by people', list(byPerson)],
    ['loans', `${loans.paidOut} paid out: ${list(loans.byState)}`],
    ['  running, by bucket', list(loans.byBucket)],
    ['  running, by stage', list(loans.byStage)],
    ['  promises', list(loans.promises)],
    ['bad, by band', bands.join(', ') || 'none known'],
    [
      'attack',
      `${attack.caught} of ${attack.applications} not approved (${share(attack.caught, attack.applications)}), ${attack.paidOut} paid out`
    ],
    ['all frauds', `${share(frauds.notApproved, frauds.applications)} of ${frauds.applications} not approved`],
    ['warnings in force', list(loans.warnings)],
    ...Object.entries(watch).map(([sample, value]) => [`  ${sample}`, String(value)]),
    ['webhooks taken', list(webhooks)],
    ...Object.entries(jobs).map(([job, outcomes]) => [`job ${job}`, list(outcomes)]),
    ['degraded decisions', String(degraded)],
    ['no sample yet', empty.join(', ') || 'nothing'],
    ['digest of decisions', decisions.digest.slice(0, 16)]
  ]
    .map(([what = '', text = '']) => `  ${what.padEnd(22)}${text}`)
    .join('\n')
}
