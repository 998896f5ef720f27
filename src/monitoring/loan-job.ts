import type { JobsOptions } from 'bullmq'
import { type Static, Type } from 'typebox'
import { LoanIdSchema, TenantSchema } from '../domain/ids.ts'
import type { LoanHistory } from '../loans/fold-loan.ts'
import type { Loan } from '../loans/loan-schema.ts'
import type { LoanRef } from '../loans/loan-store.ts'
import type { OutcomeInput } from '../outcomes/outcome.ts'
import type { WebhookEvent } from '../webhooks/event.ts'
import type { QueueName } from './queues.ts'

/** Names of the jobs that look at one loan; `jobs.ts` has the jobs. */
export const LOAN_JOB_NAMES = [
  'repay-remind',
  'due-check',
  'dpd-mark',
  'promise-check',
  'outcome-join',
  'limit-watch',
  'warning-alert'
] as const
export type LoanJobName = (typeof LOAN_JOB_NAMES)[number]

/** Something to be done about a loan once: the same kind and date again are the same check. */
export interface LoanCheck {
  /** Which of the checks of its job; letters, digits, dots and dashes. */
  readonly kind: string
  /** The due date, or another date of the loan, that it is about. */
  readonly dueDate: string
  readonly atMs: number
  /** From then on it would say nothing any more. */
  readonly untilMs: number
}

/** What a check comes to. All of it happens once, however often and by however many workers it is run. */
export interface LoanAction {
  /** Put on the notices stream: ids, codes and numbers. */
  readonly notice?: Readonly<Record<string, string | number | null>>
  /** Whether the notice reaches a person: then quiet hours and the budget of contacts hold. */
  readonly isContact?: boolean
  /** Told to the partner as `loan.alert`. */
  readonly alert?: WebhookEvent['data'] & { readonly alert: string }
  /** What became of the decision behind the loan. */
  readonly outcome?: OutcomeInput
  /** Whether the limit of the person is to be reviewed. */
  readonly reviewsLimit?: boolean
}

/**
 * A job that looks at one loan. Both functions are pure: a job in the queue is a hint, and whether and what is to be done is
 * asked of the loan as it stands when the job runs.
 */
export interface LoanJob {
  readonly name: LoanJobName
  readonly queue: QueueName
  /** All that is or will be to do about the loan as far as it is known now, done or not; the frame leaves out what was done. */
  readonly checks: (loan: Loan) => readonly LoanCheck[]
  readonly act: (loan: Loan, check: LoanCheck, history: LoanHistory) => LoanAction
}

/** Ids and codes only: BullMQ keeps job data in clear text. The token is the key under which the loan lies. */
export const LoanCheckSchema = Type.Object(
  {
    job: Type.Enum([...LOAN_JOB_NAMES]),
    tenant: TenantSchema,
    applicantToken: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
    loanId: LoanIdSchema,
    kind: Type.String({ pattern: '^[A-Za-z0-9._~+-]{1,64}$' }),
    dueDate: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' })
  },
  { additionalProperties: false }
)
export type LoanCheckPayload = Static<typeof LoanCheckSchema>

export function payloadOf(job: LoanJobName, { tenant, applicantToken, loanId }: LoanRef, check: LoanCheck) {
  const { kind, dueDate } = check
  return { job, tenant, applicantToken, loanId, kind, dueDate } satisfies LoanCheckPayload
}

/** BullMQ takes no “:” in an id, so none of its parts has one. */
export function loanCheckJobId({ job, tenant, loanId, kind, dueDate }: LoanCheckPayload): string {
  return `${job}_${tenant}_${loanId}_${kind}_${dueDate}`
}

/** Name of the effect: by loan, check and date. */
export function effectNameOf({ job, tenant, loanId, kind, dueDate }: LoanCheckPayload): string {
  return `${job}:${tenant}:${loanId}:${kind}:${dueDate}`
}

/** A finished one goes at once: what it did is in its effect, and its id must be free to ask for the check again. */
export const LOAN_CHECK_OPTIONS: JobsOptions = { removeOnComplete: true }
