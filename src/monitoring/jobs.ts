import { dpdMarkJob } from './dpd-mark-job.ts'
import { dueCheckJob } from './due-check-job.ts'
import { heartbeatJob } from './heartbeat-job.ts'
import { limitReviewJob } from './limit-reviews.ts'
import { limitWatchJob } from './limit-watch-job.ts'
import type { LoanJob, LoanJobName } from './loan-job.ts'
import { outcomeJoinJob } from './outcome-join-job.ts'
import { loanFiguresJob, portfolioGuardJob } from './portfolio-guard-job.ts'
import { ifrs9StageJob, rollVintageJob } from './portfolio-table-jobs.ts'
import { promiseCheckJob } from './promise-check-job.ts'
import type { QueueName } from './queues.ts'
import { repayRemindJob } from './repay-remind-job.ts'
import type { Schedule } from './scheduled-job.ts'
import { behaviourScoreJob, warningAlertJob, warningScanJob, warningSweepJob } from './warning-jobs.ts'

/** Jobs that look at one loan, in the order in which they are asked. */
export const LOAN_JOBS: readonly LoanJob[] = [
  repayRemindJob,
  dueCheckJob,
  dpdMarkJob,
  promiseCheckJob,
  outcomeJoinJob,
  limitWatchJob,
  warningAlertJob
]

/** Jobs that run by the clock. */
export const SCHEDULED_JOBS = [
  heartbeatJob,
  limitReviewJob,
  ifrs9StageJob,
  rollVintageJob,
  loanFiguresJob,
  portfolioGuardJob,
  warningScanJob,
  warningSweepJob,
  behaviourScoreJob
] as const
export type ScheduledName = (typeof SCHEDULED_JOBS)[number]['name']

interface TableRow {
  readonly name: string
  readonly queue: QueueName
  /** What makes it a job, and when it runs. */
  readonly trigger: string
  /** Running it again is harmless by this. */
  readonly once: string
}

const LOAN_TRIGGERS: { readonly [Name in LoanJobName]: string } = {
  'repay-remind': '7, 3 and 1 days before a due date, on it, and 1, 3 and 7 days after it, at 10:00',
  'due-check': 'the day after due date and grace, at 00:10',
  'dpd-mark': 'the day on which a loan comes into a bucket, at 00:10',
  'promise-check': 'the day after a promise to pay, at 00:10',
  'outcome-join': 'when a loan is closed, given up or more than 90 days past due',
  'limit-watch': 'when a loan is 8 or 31 days past due, given up, or warned orange or red',
  'warning-alert': 'a red warning'
}
const BY_LOAN = 'loan, check and date; fenced'

/** Every job there is; docs/monitoring.md is held equal by a test. */
export const JOB_TABLE: readonly TableRow[] = [
  { name: 'loan-monitor', queue: 'loan-monitor', trigger: 'an approval, by the outbox', once: 'decision' },
  { name: 'offer-expiring', queue: 'offer-expiring', trigger: '6 hours before offers end', once: 'decision and end' },
  { name: 'webhook', queue: 'webhook', trigger: 'an event for a partner', once: 'event and endpoint' },
  ...LOAN_JOBS.map(({ name, queue }) => ({ name, queue, trigger: LOAN_TRIGGERS[name], once: BY_LOAN })),
  ...SCHEDULED_JOBS.map(({ name, queue, schedule, once }) => ({ name, queue, trigger: inWords(schedule), once }))
]

function inWords(schedule: Schedule): string {
  return 'everyMs' in schedule ? `every ${schedule.everyMs / 60_000} min` : `cron ${schedule.pattern}`
}

/** For labels of metrics. */
export const JOB_NAMES: ReadonlySet<string> = new Set(JOB_TABLE.map(({ name }) => name))
