import { isoDate, localDay } from '../domain/calendar.ts'
import { isRunning } from '../loans/loan-schema.ts'
import type { LoanJob } from './loan-job.ts'
import type { ScheduledJob } from './scheduled-job.ts'

const DAY_MS = 86_400_000
const TELL_WITHIN_MS = 7 * DAY_MS

/** Looks at the borrowers to whom something happened since the last time (src/warnings). */
export const warningScanJob = {
  name: 'warning-scan',
  queue: 'portfolio',
  schedule: { everyMs: 60_000 },
  once: 'loan, rule, level and version of the loan'
} as const satisfies ScheduledJob

/** Looks at everybody: what time alone brings about, and whoever the scan missed. */
export const warningSweepJob = {
  name: 'warning-sweep',
  queue: 'portfolio',
  schedule: { everyMs: 3_600_000 },
  once: 'loan, rule, level and version of the loan'
} as const satisfies ScheduledJob

/** The same with the models: a new probability for every running loan. */
export const behaviourScoreJob = {
  name: 'behaviour-score',
  queue: 'portfolio',
  schedule: { pattern: '0 4 1 * *' },
  once: 'loan, rule, level and version of the loan'
} as const satisfies ScheduledJob

/** Tells the partner of a red warning, once. What it does to the limit is the limit watch’s. */
export const warningAlertJob: LoanJob = {
  name: 'warning-alert',
  queue: 'loan-check',
  checks: (loan) =>
    isRunning(loan)
      ? loan.warnings
          .filter(({ level }) => level === 'red')
          .map(({ rule, raisedAtMs }) => ({
            kind: rule,
            dueDate: isoDate(localDay(raisedAtMs, loan.utcOffsetMinutes)),
            atMs: raisedAtMs,
            untilMs: raisedAtMs + TELL_WITHIN_MS
          }))
      : [],
  act: ({ loanId, warnings }, { kind, dueDate }) => {
    const warning = warnings.find(({ rule, level }) => rule === kind && level === 'red')
    const seen = Object.values(warning?.evidence ?? {})[0] ?? null
    return {
      alert: {
        alert: 'early_warning',
        loanId,
        level: 'red',
        rule: kind,
        ruleVersion: warning?.ruleVersion ?? null,
        seen,
        date: dueDate,
        expiresAtMs: warning?.expiresAtMs ?? null
      }
    }
  }
}
