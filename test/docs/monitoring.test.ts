import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { JOB_TABLE, LOAN_JOBS } from '../../src/monitoring/jobs.ts'
import { LOAN_JOB_NAMES } from '../../src/monitoring/loan-job.ts'
import { QUEUE_NAMES } from '../../src/monitoring/queues.ts'

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
