import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Clock } from '../../clock.ts'
import { endBy } from '../../decisions/end-by.ts'
import { AssayError, ERRORS } from '../../errors.ts'
import { toProblem } from '../problem.ts'
import { createRefusalPacer } from '../refusals.ts'
import { createSlots, type Refusal, type RequestClass } from '../slots.ts'
import { principalOf } from './authentication.ts'
import { deadlineProblem } from './deadline.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Admitted requests in progress. */
    inFlight: () => number
  }
  interface FastifyReply {
    /** Whose slot the request has; empty when it has none. */
    slotOf: string
  }
  interface FastifyContextConfig {
    /** What the route counts as towards what may be in progress at once; left out, it is never refused. */
    admitted?: Exclude<RequestClass, 'replays'>
  }
}

export interface AdmissionOptions {
  readonly maxInFlight: number
  readonly maxBurst: number
  readonly deadlineMs: number
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** What a decision takes at least just now. */
  readonly leastMs: (nowMs: number) => number
  /** Whether this partner has sent this Idempotency-Key before. */
  readonly isReplay: (tenant: string, idempotencyKey: string) => Promise<boolean>
  readonly onShed: (route: string, why: Refusal) => void
}

/** Decisions cost the event loop some 150 µs, refusals some 20: this many take a hundredth of it (docs/overload.md). */
const REFUSALS = { atOncePerSecond: 500, holdMs: 500, maxHeld: 4096 }
/** Look-ups of replays in progress; each is a part of one command of Redis. */
const MAX_LOOKUPS = 64
const MAX_KEY_LENGTH = 255

const RETRY_AFTER_SECONDS = 1
const ERRORS_OF: Readonly<Record<Refusal, AssayError>> = {
  full: new AssayError('overloaded', 'try again in a moment'),
  late: new AssayError('overloaded', 'it could not be answered before its deadline just now'),
  share: new AssayError('share_exceeded', 'try again in a moment')
}

/**
 * Bounds what is in progress: past the limit an answer in a moment beats one after the deadline. Decides by head and key
 * alone, before the body is read. Reading back is never refused, and a repeat with its Idempotency-Key has slots of its own.
 */
export const admission = fp<AdmissionOptions>(
  async (app: FastifyInstance, options) => {
    const { clock, isReplay, onShed } = options
    const slots = createSlots({ ...options, monotonicMs: clock.monotonicMs })
    const pacer = createRefusalPacer({ ...REFUSALS, monotonicMs: clock.monotonicMs })
    let lookups = 0

    const letIn = (reply: FastifyReply, tenant: string): void => {
      reply.slotOf = tenant
      reply.raw.on('close', () => {
        // The client went away, of which nobody is told when the answer is written; the work goes on until its deadline.
        if (reply.slotOf !== '') setTimeout(leave, options.deadlineMs, reply).unref()
      })
    }

    const leave = (reply: FastifyReply): void => {
      if (reply.slotOf === '') return
      slots.give(reply.slotOf)
      reply.slotOf = ''
    }

    const refuse = (request: FastifyRequest, reply: FastifyReply, why: Refusal): void => {
      onShed(request.routeOptions.url ?? 'unmatched', why)
      pacer.send(() => sendRefusal(request, reply, why), request.deadlineAtMs)
    }

    /** Lets in what was asked before, if a look at Redis says so. */
    const lookUp = async (request: FastifyRequest, reply: FastifyReply, why: Refusal): Promise<boolean> => {
      const { tenant } = principalOf(request)
      lookups++
      const remainingMs = request.deadlineAtMs - clock.monotonicMs()
      const looking = isReplay(tenant, String(request.headers['idempotency-key']))
      const known = await endBy(looking, remainingMs).catch(() => false)
      lookups--
      if (!known || slots.take({ tenant, class: 'replays', remainingMs }) !== undefined) {
        refuse(request, reply, why)
        return false
      }
      letIn(reply, tenant)
      return true
    }

    app.decorateReply('slotOf', '')
    app.decorate('inFlight', slots.inFlight)
    app.addHook('onRequest', (request, reply, done) => {
      const kind = request.routeOptions.config.admitted
      if (kind === undefined) return done()
      const problem = deadlineProblem(request)
      if (problem !== undefined) return done(problem)
      const { tenant } = principalOf(request)
      const why = slots.take({ tenant, class: kind, remainingMs: request.deadlineAtMs - clock.monotonicMs() })
      if (why === undefined) {
        letIn(reply, tenant)
        return done()
      }
      const key = request.headers['idempotency-key']
      if (kind !== 'decisions' || key === undefined || key.length > MAX_KEY_LENGTH || lookups >= MAX_LOOKUPS)
        return refuse(request, reply, why)
      lookUp(request, reply, why).then((isIn) => {
        if (isIn) done()
      }, done)
    })
    app.addHook('onResponse', (_request, reply, done) => {
      leave(reply)
      done()
    })
    app.addHook('preClose', (done) => {
      pacer.flush()
      done()
    })
  },
  { name: 'admission', dependencies: ['authentication'] }
)

/** The parts of each refusal before and after the id of the request: nothing is printed or thrown when it matters. */
const BODIES: Readonly<Record<Refusal, readonly [string, string]>> = {
  full: partsOf('full'),
  late: partsOf('late'),
  share: partsOf('share')
}

function partsOf(why: Refusal): readonly [string, string] {
  const [before = '', after = ''] = JSON.stringify(toProblem(ERRORS_OF[why], '\n')).split('\\n')
  return [before, after]
}

function sendRefusal({ id }: FastifyRequest, reply: FastifyReply, why: Refusal): void {
  const [before, after] = BODIES[why]
  reply
    .code(ERRORS[ERRORS_OF[why].code].status)
    .header('retry-after', RETRY_AFTER_SECONDS)
    .header('content-type', 'application/problem+json')
    .send(before + id + after)
}
