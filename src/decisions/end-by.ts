import { AssayError } from '../errors.ts'

/**
 * Stops waiting after a time; the work itself goes on and its late result is dropped.
 *
 * @throws AssayError store_unavailable when the time is over
 */
export function endBy<Result>(work: Promise<Result>, waitMs: number): Promise<Result> {
  return new Promise((resolve, reject) => {
    // The error is made when it is needed: a stack trace costs as much as a tenth of a decision.
    const giveUp = () => reject(new AssayError('store_unavailable', 'the deadline passed', { retryAfterSeconds: 1 }))
    const timer = setTimeout(giveUp, Math.max(0, waitMs))
    work.then(
      (result) => {
        clearTimeout(timer)
        resolve(result)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      }
    )
  })
}
