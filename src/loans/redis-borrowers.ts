import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { Keys } from '../redis/keys.ts'
import type { LoanRef } from './loan-store.ts'

export type Borrower = Pick<LoanRef, 'tenant' | 'applicantToken'>

/** Keys that Redis looks at in one go. */
const SCAN_COUNT = 200
/** Between two steps: decisions come first. */
const REST_MS = 20
/** The same behind a step that found nobody, which holds Redis for a tenth of that at most. */
const SHORT_REST_MS = 1

/**
 * Everybody with a loan, some at a time, with a rest before the next some. Somebody may come twice, as SCAN does it; whoever has a
 * first loan meanwhile may be missing.
 *
 * @param restMs by how many people were found
 */
export async function* walkBorrowers(
  redis: Redis,
  keys: Keys,
  restMs: (found: number) => number = (found) => (found > 0 ? REST_MS : SHORT_REST_MS)
): AsyncGenerator<readonly Borrower[]> {
  let cursor = '0'
  do {
    const [next, names] = await redis.scan(cursor, 'MATCH', keys.applicantLoansPattern(), 'COUNT', SCAN_COUNT)
    cursor = next
    if (names.length > 0) yield names.map(borrowerOf)
    if (cursor !== '0') await sleep(restMs(names.length))
  } while (cursor !== '0')
}

function borrowerOf(key: string): Borrower {
  const [tenant = '', applicantToken = ''] = key.split(':').slice(-2)
  return { tenant, applicantToken }
}
