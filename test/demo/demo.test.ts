import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDemoClock } from '../../demo/clock.ts'
import { startDemoStack } from '../../demo/demo-stack.ts'
import { dashboardMetrics } from '../../demo/exposition.ts'
import { liveAndSummarise } from '../../demo/live.ts'
import { summaryText } from '../../demo/summary.ts'
import { METRICS } from '../../src/metrics.ts'
import { canStartRedis } from '../support/redis.ts'

const DAY_MS = 86_400_000
const YEAR = { seed: 7, people: 26, days: 36, startMs: Date.UTC(2026, 2, 1) }
/** What a dashboard may ask for and what only trouble, numbers or a second model or policy bring. */
const MAY_BE_EMPTY =
  /fault|fallback|error|conflict|shed|set_aside|failure|dropped|shadow|psi|feature_missing_ratio|model_(auc|ks|brier|observed)|override|cap_bindings|next_actions|replays|deadletter|violations|gaps/

async function live() {
  const ending = new AbortController()
  const { signal } = ending
  const notes: string[] = []
  const note = (line: string) => void notes.push(line)
  const stack = await startDemoStack({ ...YEAR, usualPorts: false, note, signal })
  onTestFinished(stack.stop)
  const days: number[] = []
  const summary = await liveAndSummarise(stack, { ...YEAR, signal, onDay: (day) => void days.push(day) })
  return { stack, summary, days, notes }
}

describe.skipIf(!canStartRedis())('the demo', () => {
  test('lives a year through the real service, decides the same for the same seed, and ends all it started', async () => {
    const [{ stack, summary, days, notes }, other] = await Promise.all([live(), live()])
    expect(notes).toEqual([])
    expect(days).toEqual(Array.from({ length: YEAR.days }, (_, day) => day + 1))

    const { decisions, loans, jobs, webhooks } = summary
    expect(other.summary.decisions).toEqual(decisions)
    expect(decisions).toMatchObject({ degraded: 0, attack: { applications: 12 } })
    expect(decisions.applications).toBeGreaterThan(30)
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
    expect(summary.emptyMetrics.filter((name) => name in METRICS && !MAY_BE_EMPTY.test(name))).toEqual([])
    expect(summaryText(summary)).toContain('not approved')

    const queues = await fetch(`${stack.opsUrls.monitor}/queues`, {
      headers: { authorization: `Bearer ${stack.adminKey}` }
    })
    expect(queues.status).toBe(200)
    const pids = [...Object.values(stack.pids), ...Object.values(other.stack.pids)]
    expect(pids.length).toBe(8)
    await Promise.all([stack.stop(), other.stack.stop()])
    expect(pids.filter(isAlive)).toEqual([])
  }, 120_000)
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
