import { AssayError } from '../errors.ts'

/**
 * Runs one piece of work at a time and lets a bounded number wait: what takes the processor in slices takes one slice a
 * turn of the event loop, however many ask.
 *
 * @throws AssayError overloaded when too many wait
 */
export function createTurns(maxWaiting: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    if (waiting > maxWaiting)
      return Promise.reject(new AssayError('overloaded', 'too many explanations wait', { retryAfterSeconds: 1 }))
    waiting++
    const result = last.then(work).finally(() => {
      waiting--
    })
    last = result.catch(() => {})
    return result
  }
}
