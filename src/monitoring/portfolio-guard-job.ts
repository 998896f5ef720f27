import type { ScheduledJob } from './scheduled-job.ts'

/** Holds what was decided and the loan book against the limits of the portfolio (src/guard). */
export const portfolioGuardJob = {
  name: 'portfolio-guard',
  queue: 'portfolio',
  schedule: { everyMs: 300_000 },
  once: 'rule, product and partner; fenced'
} as const satisfies ScheduledJob

/** Adds up the loan book for the guard: every loan is read, so not as often as the guard looks. */
export const loanFiguresJob = {
  name: 'loan-figures',
  queue: 'portfolio',
  schedule: { everyMs: 3_600_000 },
  once: 'writes what the loan book says'
} as const satisfies ScheduledJob
