import type { Random } from '../../load-tests/random.ts'

export interface Reply {
  readonly status: number
  readonly body: string
}

/** Sends once. Rejects when the connection breaks or nothing comes in time: whether it arrived is then not known. */
export type Post = (path: string, body: string) => Promise<Reply>

export interface UntilAcknowledgedOptions {
  readonly random: Random
  readonly pause: (ms: number) => Promise<void>
  /** Hears of every try that was not acknowledged: its status, or 'broken'. */
  readonly onRetry: (reason: string) => void
}

/** Runs something until it succeeds. */
export type UntilAcknowledged = (attempt: () => Promise<Reply>) => Promise<Reply>

/** A request that the service will not take however often it is sent. */
export class RefusedError extends Error {}

const FIRST_PAUSE_MS = 10
const LONGEST_PAUSE_MS = 500
/** About two minutes: nothing that a kill leaves behind takes longer. */
const MAX_TRIES = 300

/**
 * Sends the same again, after pauses that double up to a limit, until it is acknowledged.
 *
 * @throws RefusedError for a status that no repeat changes, and at the end of the tries
 */
export function createUntilAcknowledged({ random, pause, onRetry }: UntilAcknowledgedOptions): UntilAcknowledged {
  return async (attempt) => {
    let last = ''
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const reply = await attempt().catch((error: unknown) => ({ status: 0, body: String(error) }))
      if (reply.status === 200 || reply.status === 202) return reply
      if (reply.status !== 0 && reply.status < 500 && reply.status !== 409 && reply.status !== 429)
        throw new RefusedError(`the service answered ${reply.status}: ${reply.body.slice(0, 300)}`)
      last = `${reply.status} ${reply.body.slice(0, 300)}`
      onRetry(reply.status === 0 ? 'broken' : String(reply.status))
      await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries) * (0.5 + random() / 2))
    }
    throw new RefusedError(`nothing was acknowledged in ${MAX_TRIES} tries, at last ${last}`)
  }
}
