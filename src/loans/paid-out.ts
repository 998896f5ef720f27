import { paidOutDecision } from '../domain/exposure-change.ts'
import type { LoanStore } from './loan-store.ts'

/** Loans of one page, and pages: nobody has had more loans of one partner. */
const PAGE = 128
const MAX_PAGES = 8

/** Whether a loan of an applicant was paid out with a link to a decision or an offer of it. */
export type IsPaidOut = (tenant: string, applicantToken: string, decisionId: string) => Promise<boolean>

export function createIsPaidOut({ listByApplicant }: Pick<LoanStore, 'listByApplicant'>): IsPaidOut {
  return async (tenant, applicantToken, decisionId) => {
    let after: string | undefined
    for (let page = 0; page < MAX_PAGES; page++) {
      const loans = await listByApplicant(tenant, applicantToken, { limit: PAGE, after })
      for (const { history } of loans)
        for (const { type, data } of history.events)
          if (type === 'loan.disbursed' && paidOutDecision(data) === decisionId) return true
      if (loans.length < PAGE) return false
      after = loans.at(-1)?.ref.loanId
    }
    return false
  }
}
