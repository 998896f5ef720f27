import type { Redis } from 'ioredis'
import { AssayError } from '../errors.ts'
import type { StoredLoan } from '../loans/loan-store.ts'
import type { Keys } from '../redis/keys.ts'
import type { LoanFigures } from './aggregates.ts'
import { createLoanFigures } from './loan-figures.ts'

const DAY_MS = 86_400_000
/** They are added up each hour; older than this nothing is judged by them. */
const STALE_MS = DAY_MS + 7_200_000
const KEEP_MS = 7 * DAY_MS

export interface AddUpLoansOptions {
  readonly redis: Redis
  readonly keys: Keys
  /** All loans of a borrower one after another. */
  readonly readBook: () => AsyncIterable<StoredLoan>
  readonly utcOffsetMinutes: () => Promise<number>
  readonly nowMs: () => number
}

/** Adds up the loan book and keeps what it comes to. Written whole: running it again is harmless. */
export function createAddUpLoans({ redis, keys, readBook, utcOffsetMinutes, nowMs }: AddUpLoansOptions) {
  return async (): Promise<LoanFigures[]> => {
    const atMs = nowMs()
    const sums = createLoanFigures(atMs, await utcOffsetMinutes())
    for await (const { ref, history } of readBook()) sums.add(`${ref.tenant} ${ref.applicantToken}`, history)
    const figures = sums.figures()
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
