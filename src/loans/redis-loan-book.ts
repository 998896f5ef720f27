import type { Redis } from 'ioredis'
import type { Keys } from '../redis/keys.ts'
import type { LoanHistory } from './fold-loan.ts'
import type { LoanStore, StoredLoan } from './loan-store.ts'
import { walkBorrowers } from './redis-borrowers.ts'

/** Redis is asked for one borrower at a time, so this leaves the processor to others more than it leaves Redis. */
const REST_A_BORROWER_MS = 0.25
/** Where nobody is found, and the least. */
const SHORT_REST_MS = 1
/** More loans of one borrower than this are told without the rest. */
const MAX_LOANS_OF_ONE = 1000

export interface LoanBookOptions {
  readonly redis: Redis
  readonly keys: Keys
  readonly loans: Pick<LoanStore, 'listByApplicant'>
}

/** Every loan of the book, each once; all loans of a borrower come one after another. Others run between two borrowers. */
export async function* readLoanBook({ redis, keys, loans }: LoanBookOptions): AsyncGenerator<StoredLoan> {
  // The walk may give somebody twice: sums need the names in memory, and no loan.
  const seen = new Set<string>()
  for await (const borrowers of walkBorrowers(redis, keys, restMs)) {
    for (const { tenant, applicantToken } of borrowers) {
      const name = `${tenant} ${applicantToken}`
      if (seen.has(name)) continue
      seen.add(name)
      yield* await loans.listByApplicant(tenant, applicantToken, { limit: MAX_LOANS_OF_ONE })
    }
  }
}

/** The same for whom it is all one whose loans they are. */
export async function* readLoanHistories(options: LoanBookOptions): AsyncGenerator<LoanHistory> {
  for await (const { history } of readLoanBook(options)) yield history
}

function restMs(found: number): number {
  return Math.max(SHORT_REST_MS, found * REST_A_BORROWER_MS)
}
