import type { Redis } from 'ioredis'
import { AssayError } from '../errors.ts'
import type { LoanStore } from '../loans/loan-store.ts'
import type { Keys } from '../redis/keys.ts'
import type { LoanFigures } from './aggregates.ts'
import { type BookLoan, loanFigures } from './loan-figures.ts'

const DAY_MS = 86_400_000
/** They are added up each hour; older than this nothing is judged by them. */
const STALE_MS = DAY_MS + 7_200_000
const KEEP_MS = 7 * DAY_MS
/** Keys that Redis looks at in one go. */
const SCAN_COUNT = 500
const MAX_LOANS_OF_ONE = 1000

export interface LoanFiguresOptions {
  readonly redis: Redis
  readonly keys: Keys
  readonly loans: Pick<LoanStore, 'listByApplicant'>
  readonly utcOffsetMinutes: () => Promise<number>
  readonly nowMs: () => number
}

/** Reads every loan of the book, borrower by borrower, and keeps what it comes to. Written whole: running it again is harmless. */
export function createLoanFigures({ redis, keys, loans, utcOffsetMinutes, nowMs }: LoanFiguresOptions) {
  return async (): Promise<LoanFigures[]> => {
    const book: BookLoan[] = []
    let cursor = '0'
    do {
      const [next, names] = await redis.scan(cursor, 'MATCH', keys.applicantLoansPattern(), 'COUNT', SCAN_COUNT)
      cursor = next
      for (const name of new Set(names)) {
        const [tenant = '', token = ''] = name.slice(name.indexOf('}:applicant-loans:') + 18).split(':')
        const found = await loans.listByApplicant(tenant, token, { limit: MAX_LOANS_OF_ONE })
        for (const { ref, history } of found) book.push({ borrower: `${ref.tenant} ${ref.applicantToken}`, history })
      }
    } while (cursor !== '0')
    const atMs = nowMs()
    // A key that SCAN gave twice is one borrower all the same.
    const once = new Map(book.map((loan) => [`${loan.borrower} ${loan.history.events[0]?.data.loanId}`, loan]))
    const figures = loanFigures([...once.values()], atMs, await utcOffsetMinutes())
    await redis.set(keys.guardLoanFigures(), JSON.stringify({ atMs, figures }), 'PX', KEEP_MS)
    return figures
  }
}

/** @throws AssayError internal_error when nobody has added up the loan book of late */
export async function readLoanFigures(redis: Redis, keys: Keys, nowMs: number): Promise<LoanFigures[]> {
  const json = await redis.get(keys.guardLoanFigures())
  const stored = json === null ? undefined : (JSON.parse(json) as { atMs: number; figures: LoanFigures[] })
  if (stored === undefined || nowMs - stored.atMs > STALE_MS)
    throw new AssayError('internal_error', 'the figures of the loan book are not there, or too old')
  return stored.figures
}
