import type { Redis } from 'ioredis'
import type { Keys } from '../redis/keys.ts'
import type { LoanHistory } from './fold-loan.ts'
import type { LoanStore } from './loan-store.ts'

/** Keys that Redis looks at in one go. */
const SCAN_COUNT = 200
/** More loans of one borrower than this are told without the rest. */
const MAX_LOANS_OF_ONE = 1000

export interface LoanBookOptions {
  readonly redis: Redis
  readonly keys: Keys
  readonly loans: Pick<LoanStore, 'listByApplicant'>
}

/** Every loan of the book, borrower by borrower, each once. Others run between two borrowers. */
export async function* readLoanBook({ redis, keys, loans }: LoanBookOptions): AsyncGenerator<LoanHistory> {
  // SCAN may give a key twice.
  const seen = new Set<string>()
  let cursor = '0'
  do {
    const [next, names] = await redis.scan(cursor, 'MATCH', keys.applicantLoansPattern(), 'COUNT', SCAN_COUNT)
    cursor = next
    for (const name of names) {
      if (seen.has(name)) continue
      seen.add(name)
      const [token = '', tenant = ''] = name.split(':').reverse()
      const found = await loans.listByApplicant(tenant, token, { limit: MAX_LOANS_OF_ONE })
      for (const { history } of found) yield history
    }
  } while (cursor !== '0')
}
