import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Clock } from '../../clock.ts'
import { AssayError } from '../../errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** When the request is to be answered, on the monotonic clock; NaN when its header says nothing usable. */
    deadlineAtMs: number
  }
}

export interface DeadlineOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** The longest; a request may ask for a shorter one. */
  readonly deadlineMs: number
}

const HEADER = 'assay-deadline-ms'
const MILLISECONDS = /^[1-9]\d{0,4}$/
/** What writing the answer and the timers of the event loop take: waits end so much earlier. */
const ANSWER_MS = 2

/** Reads the deadline of each request when its head was read: waiting for the key and the body counts towards it. */
export const deadline = fp<DeadlineOptions>(
  async (app: FastifyInstance, { clock, deadlineMs }) => {
    app.decorateRequest('deadlineAtMs', 0)
    app.addHook('onRequest', (request, _reply, done) => {
      const text = request.headers[HEADER]
      request.deadlineAtMs =
        clock.monotonicMs() - ANSWER_MS + (text === undefined ? deadlineMs : parse(text, deadlineMs))
      done()
    })
  },
  { name: 'deadline' }
)

function parse(text: string | readonly string[], longestMs: number): number {
  return typeof text === 'string' && MILLISECONDS.test(text) ? Math.min(Number(text), longestMs) : Number.NaN
}

/** What is wrong with the header, for who may know. */
export function deadlineProblem({ deadlineAtMs }: FastifyRequest): AssayError | undefined {
  if (!Number.isNaN(deadlineAtMs)) return undefined
  const problems = [{ field: 'Assay-Deadline-Ms', problem: 'must be whole milliseconds from 1 to 99999' }]
  return new AssayError('invalid_deadline', 'the header is not usable', { problems })
}
