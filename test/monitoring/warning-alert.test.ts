import { expect, test } from 'vitest'
import { warningAlertJob } from '../../src/monitoring/warning-jobs.ts'
import { loanEvent } from '../loans/loan-events.ts'
import { REF, watchLoans } from './watched-loans.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 0, 10, 12)

test('a red warning is told to the partner once, with what was seen; a yellow one is not', async () => {
  const watched = await watchLoans({ nowMs: NOW_MS, jobs: [warningAlertJob] })
  const warn = (rule: string, level: 'yellow' | 'red', atMs: number) =>
    loanEvent('loan.warned', atMs, {
      rule,
      ruleVersion: '1',
      level,
      expiresAtMs: NOW_MS + DAY_MS,
      evidence: { 'loan.days_past_due': 31 }
    })
  await watched.add([
    loanEvent('loan.disbursed', NOW_MS - 40 * DAY_MS, { principalMinor: 1000, termDays: 30 }),
    warn('missed-payment', 'red', NOW_MS),
    warn('late-close', 'yellow', NOW_MS)
  ])
  const payload = {
    job: 'warning-alert' as const,
    ...REF,
    kind: 'missed-payment',
    dueDate: new Date(NOW_MS).toISOString().slice(0, 10)
  }
  expect([await watched.run(payload), await watched.run(payload)]).toEqual(['done', 'already_done'])
  expect(await watched.run({ ...payload, kind: 'late-close' })).toBe('obsolete')
  expect(watched.emitted).toMatchObject([
    { type: 'loan.alert', data: { alert: 'early_warning', rule: 'missed-payment', level: 'red', seen: 31 } }
  ])
})
