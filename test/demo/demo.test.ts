import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDemoClock } from '../../demo/clock.ts'
import { startDemoStack } from '../../demo/demo-stack.ts'
import { dashboardMetrics } from '../../demo/exposition.ts'
import { liveAndSummarise } from '../../demo/live.ts'
import { summaryText } from '../../demo/summary.ts'
import type { DecisionSummary } from '../../demo/tally.ts'
import { METRICS } from '../../src/metrics.ts'
import { canStartRedis } from '../support/redis.ts'

const DAY_MS = 86_400_000
const CUT = new Error('the day after which no more is lived')
const YEAR = { seed: 7, people: 24, days: 34, startMs: Date.UTC(2026, 2, 1) }
/** Of each part of the service, what dashboards show. What needs months, trouble or a second model is told as empty. */
const SHOWN = [
  ...['credit_decisions_total', 'credit_decision_duration_seconds', 'credit_decision_stage_duration_seconds'],
  ...['credit_events_total', 'credit_outcomes_total', 'credit_reviews_finished_total', 'credit_manual_review_pending'],
  ...['credit_outbox_relayed_total', 'credit_webhook_deliveries_total', 'credit_queue_jobs', 'credit_model_outcomes'],
  ...[
    'credit_queue_job_duration_seconds',
    'credit_queue_jobs_finished_total',
    'credit_job_last_success_timestamp_seconds'
  ],
  ...['credit_loans', 'credit_outstanding_principal', 'credit_stage_principal', 'credit_loan_promises'],
  ...[
    'credit_early_warnings',
    'credit_loan_checks_queued_total',
    'credit_guard_value_ratio',
    'credit_limit_reviews_total'
  ]
]

/** Long enough for a look of the guard and of the risk desk; to its end where properties get more cases. */
const LIVED_AGAIN_DAYS = process.env.FC_RUNS === undefined ? 16 : YEAR.days

/** A stack of its own that lives until the end of a day; what was decided by the end of each. */
async function live(untilDay: number) {
  const { signal } = new AbortController()
  const ending = new AbortController()
  const notes: string[] = []
  const note = (line: string) => void notes.push(line)
  const stack = await startDemoStack({ ...YEAR, usualPorts: false, note, signal })
  onTestFinished(stack.stop)
  const days: number[] = []
  const decided: DecisionSummary[] = []
  const onDay = (day: number, soFar: DecisionSummary) => {
    days.push(day)
    decided.push(structuredClone(soFar))
    if (day === untilDay && day < YEAR.days) ending.abort(CUT)
  }
  const lived = liveAndSummarise(stack, { ...YEAR, signal: ending.signal, onDay })
  const summary = await lived.catch((error) => {
    if (error !== CUT) throw error
  })
  return { stack, summary, days, decided, notes }
}

describe.skipIf(!canStartRedis())('the demo', () => {
  test('lives a year through the real service, decides the same for the same seed, and ends all it started', async () => {
    const [{ stack, summary, days, decided, notes }, other] = await Promise.all([
      live(YEAR.days),
      live(LIVED_AGAIN_DAYS)
    ])
    expect(notes).toEqual([])
    expect(days).toEqual(Array.from({ length: YEAR.days }, (_, day) => day + 1))

    expect(other.days).toHaveLength(LIVED_AGAIN_DAYS)
    expect(other.decided).toEqual(decided.slice(0, LIVED_AGAIN_DAYS))

    if (summary === undefined) throw new Error('it was not lived to its end')
    const { decisions, loans, jobs, webhooks } = summary
    expect(decisions).toMatchObject({ degraded: 0, attack: { applications: 12 } })
    expect(decisions.applications).toBeGreaterThan(20)
    expect(decisions.attack.caught).toBeGreaterThan(6)
    for (const outcome of ['APPROVE', 'DECLINE'] as const) expect(decisions.byProgram[outcome]).toBeGreaterThan(0)
    expect(decisions.byPerson.APPROVE + decisions.byPerson.DECLINE).toBeGreaterThan(0)
    expect(loans.paidOut).toBeGreaterThan(10)
    expect(loans.byState.closed).toBeGreaterThan(0)
    expect(Object.keys(loans.byBucket).length).toBeGreaterThan(1)
    for (const job of ['loan-monitor', 'webhook', 'repay-remind', 'due-check', 'heartbeat'])
      expect([job, jobs[job]?.done]).toEqual([job, expect.any(Number)])
    // Reminders of the days of the demo, not of one moment.
    expect(jobs['repay-remind']?.done).toBeGreaterThan(loans.paidOut)
    expect(webhooks['decision.updated']).toBeGreaterThan(0)
    expect(SHOWN.filter((name) => !(name in METRICS) || summary.emptyMetrics.includes(name))).toEqual([])
    expect(dashboardMetrics()).toEqual(expect.arrayContaining(summary.emptyMetrics as string[]))
    expect(summaryText(summary)).toContain('not approved')

    const queues = await fetch(`${stack.opsUrls.monitor}/queues`, {
      headers: { authorization: `Bearer ${stack.adminKey}` }
    })
    expect(queues.status).toBe(200)
    const pids = [...Object.values(stack.pids), ...Object.values(other.stack.pids)]
    expect(pids.length).toBe(8)
    await Promise.all([stack.stop(), other.stack.stop()])
    expect(pids.filter(isAlive)).toEqual([])
  }, 180_000)
})

test('a process that is started with the clock tells its time, in every form, and the real one when told to', async () => {
  const clock = await createDemoClock(Date.UTC(2026, 0, 31, 12))
  onTestFinished(clock.close)
  const program =
    'process.stdout.write(JSON.stringify([Date.now(), new Date().toISOString(), new Date(0).getTime(), new Date() instanceof Date, Date().slice(0, 10)]))'
  const ask = async () => {
    const env = { ...process.env, ...clock.env, TZ: 'UTC' }
    return JSON.parse((await promisify(execFile)(process.execPath, ['-e', program], { env })).stdout) as unknown[]
  }
  expect(await ask()).toEqual([Date.UTC(2026, 0, 31, 12), '2026-01-31T12:00:00.000Z', 0, true, 'Sat Jan 31'])
  clock.advanceTo(clock.nowMs() + DAY_MS)
  clock.advanceTo(clock.nowMs() - 1)
  expect((await ask())[1]).toBe('2026-02-01T12:00:00.000Z')
  clock.followReality()
  expect(Math.abs(Number((await ask())[0]) - Date.now())).toBeLessThan(60_000)
})

test('what dashboards ask for is read off their files', () => {
  expect(dashboardMetrics()).toContain('credit_decisions_total')
  expect(dashboardMetrics().filter((name) => /_bucket$/.test(name))).toEqual([])
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
