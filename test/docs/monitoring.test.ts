import { readFileSync } from 'node:fs'
import { Backoffs } from 'bullmq'
import { expect, test } from 'vitest'
import { foldLoan, loanAsOf } from '../../src/loans/fold-loan.ts'
import { JOB_TABLE, LOAN_JOBS } from '../../src/monitoring/jobs.ts'
import { LOAN_JOB_NAMES } from '../../src/monitoring/loan-job.ts'
import { createQueue, QUEUE_NAMES } from '../../src/monitoring/queues.ts'
import { at, disbursed, loanEvent, UTC } from '../loans/loan-events.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'

const TEXT = readFileSync(new URL('../../docs/monitoring.md', import.meta.url), 'utf8')

test('docs/monitoring.md has every job with its queue, when it runs and what makes it harmless to repeat', () => {
  const rows = [...TEXT.matchAll(/^\| `([\w-]+)` \| `([\w-]+)` \| ([^|]+) \| ([^|]+) \|$/gm)]
  const documented = rows.map(([, name, queue, trigger, once]) => ({ name, queue, trigger, once }))
  expect(documented).toEqual(JOB_TABLE)
})

test('every job has a name of its own and a queue, and every queue a job', () => {
  expect(new Set(JOB_TABLE.map(({ name }) => name)).size).toBe(JOB_TABLE.length)
  expect(LOAN_JOBS.map(({ name }) => name)).toEqual([...LOAN_JOB_NAMES])
  const unused = QUEUE_NAMES.filter((queue) => !JOB_TABLE.some((job) => job.queue === queue))
  expect(unused).toEqual([])
})

/** All that the jobs would tell of a loan that is late, broke a promise and was warned. */
function told() {
  const events = [
    disbursed('2024-01-01', [['2024-01-31', 100]]),
    loanEvent('collection.contacted', at('2024-02-01'), {
      channel: 'call',
      result: 'promised',
      promisedForMs: at('2024-02-02')
    }),
    loanEvent('loan.warned', at('2024-02-03'), { rule: 'r1', level: 'red', evidence: { days: 3 } })
  ]
  const history = foldLoan(events, UTC)
  const loan = loanAsOf(history, at('2024-02-05'))!
  return LOAN_JOBS.flatMap((job) => job.checks(loan).map((check) => job.act(loan, check, history)))
}

/** Rows of a table by the name in their first cell: what is in code in the last one, without what stands in brackets. */
const fieldsByName = (names: readonly string[]) =>
  Object.fromEntries(
    names.map((name) => {
      const row = TEXT.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? ''
      const last = row.split('|').at(-2) ?? ''
      return [name, [...last.replaceAll(/\([^)]*\)/g, '').matchAll(/`(\w+)`/g)].map(([, field = '']) => field).sort()]
    })
  )

test('docs/monitoring.md has every alert and every notice with its fields, and says which of them are for the borrower', () => {
  const actions = told()
  const alerts = actions.flatMap(({ alert }) => (alert === undefined ? [] : [alert]))
  const ofAlerts = Object.fromEntries(alerts.map(({ alert, ...fields }) => [alert, Object.keys(fields).sort()]))
  expect(Object.keys(ofAlerts).sort()).toEqual([
    'bucket_changed',
    'early_warning',
    'instalment_missed',
    'promise_broken'
  ])
  expect(fieldsByName(Object.keys(ofAlerts))).toEqual(ofAlerts)

  const noticed = actions.flatMap(({ notice, isContact = false }) =>
    notice === undefined ? [] : [{ notice, isContact }]
  )
  const ofNotices = Object.fromEntries(
    noticed.map(({ notice: { type, loanId: _, ...fields } }) => [String(type), Object.keys(fields).sort()])
  )
  expect(Object.keys(ofNotices).sort()).toEqual(['loan.dpd_changed', 'promise.checked', 'repayment.reminder'])
  expect(fieldsByName(Object.keys(ofNotices))).toEqual(ofNotices)
  for (const { notice, isContact } of noticed)
    expect(TEXT).toContain(
      `| \`${notice.type}\` | ${isContact ? 'the borrower, now' : 'collections, never the borrower'}`
    )
})

test('a job is tried as often, and over as long, as docs/monitoring.md says before it waits for a person', async () => {
  const connection = await connectRedis({ role: 'jobs' })
  const queue = createQueue('loan-check', { connection, prefix: uniquePrefix('tries'), onError: () => {} })
  const { attempts = 0, backoff } = queue.opts.defaultJobOptions ?? {}
  await queue.close()
  const waits = Array.from({ length: attempts - 1 }, (_, tries) =>
    Number(Backoffs.calculate(backoff as never, tries + 1, new Error(), undefined as never))
  )
  const minutes = waits.reduce((sum, ms) => sum + ms, 0) / 60_000
  expect(attempts).toBe(13)
  expect(TEXT).toContain('tried thirteen times over about an hour')
  // By chance between 34 and 68; an outage of ten minutes is over long before.
  expect(minutes).toBeGreaterThan(34)
  expect(minutes).toBeLessThan(69)
})
