import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Clock } from '../../clock.ts'
import { MAX_AHEAD_MS } from '../../domain/event-time.ts'
import { AssayError } from '../../errors.ts'
import { OUTCOME_RESULTS, type OutcomeInput, OutcomeInputSchema, type OutcomeResult } from '../../outcomes/outcome.ts'
import type { RecordOutcomes } from '../../outcomes/record-outcomes.ts'
import { principalOf } from '../plugins/authentication.ts'
import { problemResponses } from '../problem.ts'

export const MAX_OUTCOMES = 500
/** 500 outcomes with the longest source and spaces to read them by. */
const BODY_LIMIT_BYTES = 128 * 1024

const BodySchema = Type.Object(
  { outcomes: Type.Array(OutcomeInputSchema, { minItems: 1, maxItems: MAX_OUTCOMES }) },
  { additionalProperties: false }
)
const NotedSchema = Type.Object({
  counted: Type.Integer({ description: 'Outcomes that count from now on and did not before' }),
  results: Type.Array(
    Type.Object({
      decisionId: Type.String(),
      result: Type.Enum([...OUTCOME_RESULTS], { description: 'What became of it; see docs/drift.md' })
    }),
    { description: 'One for each outcome, in their order' }
  )
})

export interface OutcomeRoutesOptions {
  readonly recordOutcomes: RecordOutcomes
  readonly clock: Clock
  readonly onResult: (result: OutcomeResult) => void
}

/** What became of loans that were decided about. */
export const outcomeRoutes: FastifyPluginAsyncTypebox<OutcomeRoutesOptions> = async (app, options) => {
  const { recordOutcomes, clock, onResult } = options

  app.post(
    '/v1/outcomes',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      config: { scope: 'outcomes', admitted: 'events' },
      schema: {
        summary: `Tell what became of up to ${MAX_OUTCOMES} decisions`,
        description:
          'Each counts once, so that everything may be sent again. Of two that differ the later observed counts.',
        body: BodySchema,
        response: { 200: NotedSchema, ...problemResponses(400, 413, 415, 429) }
      }
    },
    async (request) => {
      const { outcomes } = request.body
      checkTimes(outcomes, clock.nowMs())
      const results = await recordOutcomes(principalOf(request).tenant, outcomes)
      for (const result of results) onResult(result)
      return {
        counted: results.filter((result) => result === 'counted').length,
        results: results.map((result, index) => ({ decisionId: (outcomes[index] as OutcomeInput).decisionId, result }))
      }
    }
  )
}

function checkTimes(outcomes: readonly OutcomeInput[], nowMs: number): void {
  const problems = outcomes.flatMap(({ observedAtMs }, index) =>
    observedAtMs > nowMs + MAX_AHEAD_MS
      ? [{ field: `/outcomes/${index}/observedAtMs`, problem: 'lies more than 5 minutes ahead of our clock' }]
      : []
  )
  if (problems.length > 0)
    throw new AssayError('invalid_request', 'no outcome was noted', { problems: problems.slice(0, 16) })
}
