import type { LoanHistory } from './fold-loan.ts'

/** Which loan: with the applicant’s token, because a loan lies in the partition of its applicant. */
export interface LoanRef {
  readonly tenant: string
  readonly applicantToken: string
  readonly loanId: string
}

export interface StoredLoan {
  readonly ref: LoanRef
  readonly history: LoanHistory
  /** Grows with every event of the loan: what was decided from an older one must not be written (see `settle`). */
  readonly version: number
}

/** The loan book. Every event that was acknowledged is in it: reads never lag behind the log. */
export interface LoanStore {
  /** Undefined for a loan of which nothing is known. */
  readonly read: (ref: LoanRef) => Promise<StoredLoan | undefined>
  /** The same by the partner’s id of the loan alone. */
  readonly find: (tenant: string, loanId: string) => Promise<StoredLoan | undefined>
  /** At most `limit`, in order of their ids, those after the loan `after`. */
  readonly listByApplicant: (
    tenant: string,
    applicantToken: string,
    page: { readonly limit: number; readonly after?: string | undefined }
  ) => Promise<StoredLoan[]>
  /**
   * Of each partition a number of loans that want to be looked at by an instant, the longest waiting first: those to which something happened
   * since they were last settled, then by the time that `settle` was told.
   */
  readonly dueBefore: (partitions: readonly number[], instantMs: number, limit: number) => Promise<LoanRef[]>
  /**
   * Says that a loan was looked at, and when it is due again; undefined for never, until something happens to it.
   *
   * @returns false when something happened to it since `version` was read: it stays due and must be looked at again
   */
  readonly settle: (ref: LoanRef, version: number, nextAtMs: number | undefined) => Promise<boolean>
}
