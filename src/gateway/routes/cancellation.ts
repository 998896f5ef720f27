import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Clock } from '../../clock.ts'
import { cancellationOf } from '../../decisions/cancel.ts'
import type { DecisionStore } from '../../decisions/store.ts'
import { DecisionIdSchema } from '../../domain/ids.ts'
import { AssayError } from '../../errors.ts'
import type { BehaviourStore } from '../../features/behaviour-store.ts'
import type { IsPaidOut } from '../../loans/paid-out.ts'
import { principalOf } from '../plugins/authentication.ts'
import { problemResponses } from '../problem.ts'

export interface CancellationRoutesOptions {
  readonly store: Pick<DecisionStore, 'read'>
  readonly behaviour: Pick<BehaviourStore, 'append'>
  readonly isPaidOut: IsPaidOut
  readonly clock: Clock
}

const CancelledSchema = Type.Object({
  decisionId: DecisionIdSchema,
  cancelled: Type.Boolean({ description: 'False when there was no offer to cancel' }),
  paidOut: Type.Boolean({
    description: 'Whether a loan of it was paid out before: the loan stays, and only what was left of the offer ended'
  })
})

/** The borrower does not want it any more. */
export const cancellationRoutes: FastifyPluginAsyncTypebox<CancellationRoutesOptions> = async (app, options) => {
  const { store, behaviour, isPaidOut, clock } = options

  app.post(
    '/v1/decisions/:decisionId/cancel',
    {
      config: { scope: 'decisions', admitted: 'events' },
      schema: {
        summary: 'Cancel the offers of a decision',
        description:
          'Its offers are no longer valid and hold nothing of the limit from the answer on. Again changes nothing. What was ' +
          'paid out before stays a loan, and the decision stays readable as it was answered.',
        params: Type.Object({ decisionId: Type.String({ maxLength: 64 }) }),
        response: { 200: CancelledSchema, ...problemResponses(400, 404, 429) }
      }
    },
    async (request) => {
      const stored = await store.read(principalOf(request).tenant, request.params.decisionId)
      if (stored === undefined) throw new AssayError('not_found', 'no such decision')
      const { decisionId } = request.params
      const event = cancellationOf(stored, clock.nowMs())
      if (event === undefined) return { decisionId, cancelled: false, paidOut: false }
      if ((await reachable(behaviour.append(event))) === 'full')
        throw new AssayError('backlog', 'nothing was cancelled: its applicant has a backlog', { retryAfterSeconds: 1 })
      // Asked behind the cancellation: whoever pays out later is the one who did not look.
      const paidOut = await reachable(isPaidOut(event.tenant, event.refs.applicant, decisionId))
      return { decisionId, cancelled: true, paidOut }
    }
  )
}

async function reachable<Reply>(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply
  } catch (cause) {
    throw new AssayError('store_unavailable', 'it may not be cancelled: cancel again', { cause, retryAfterSeconds: 1 })
  }
}
