import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { AssayError } from '../../errors.ts'
import type { ExplainService } from '../../explanation/explain.ts'
import type { Explanation } from '../../explanation/schema.ts'
import { principalOf } from '../plugins/authentication.ts'
import { problemResponses } from '../problem.ts'

const ExplanationRef = Type.Unsafe<Explanation>({ $ref: 'Explanation#' })

/** Why a decision is as it is. */
export const explanationRoutes: FastifyPluginAsyncTypebox<{ readonly explain: ExplainService }> = async (
  app,
  { explain }
) => {
  app.get(
    '/v1/decisions/:decisionId/explanation',
    {
      config: { scope: ['decisions', 'reviews'] },
      schema: {
        summary: 'Explain a decision',
        description:
          'What each feature added to the score against a documented reference applicant, and which amount or term would have been approved.',
        params: Type.Object({ decisionId: Type.String({ maxLength: 64 }) }),
        response: { 200: ExplanationRef, ...problemResponses(400, 404, 409) }
      }
    },
    async (request) => {
      const explanation = await explain(principalOf(request).tenant, request.params.decisionId)
      if (explanation === undefined) throw new AssayError('not_found', 'no such decision')
      return explanation
    }
  )
}
