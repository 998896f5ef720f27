import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { LEGAL_TAGS, UNITS } from '../../features/definition.ts'
import { describeFeature } from '../../features/describe.ts'
import type { FeatureSet } from '../../features/vector.ts'
import { problemResponses } from '../problem.ts'

const FeatureSchema = Type.Object({
  name: Type.String(),
  source: Type.Enum(['events', 'application', 'ratio']),
  entity: Type.Optional(Type.String()),
  events: Type.Optional(Type.Array(Type.String())),
  where: Type.Optional(Type.String({ description: 'Only such events count' })),
  aggregation: Type.String(),
  window: Type.String({ description: '(now − window, now], or lifetime' }),
  whenNone: Type.Union([Type.Number(), Type.Null()], { description: 'Value without any event; null is missing' }),
  unit: Type.Enum([...UNITS]),
  range: Type.Array(Type.Number()),
  legal: Type.Array(Type.Enum([...LEGAL_TAGS])),
  meaning: Type.String()
})

/** The catalogue, as it is compiled into this process. */
export const featureRoutes: FastifyPluginAsyncTypebox<{ readonly featureSet: FeatureSet }> = async (
  app,
  { featureSet }
) => {
  const body = { featureSet: featureSet.id, features: featureSet.definitions.map(describeFeature) }
  app.get(
    '/v1/features',
    {
      config: { scope: 'features' },
      schema: {
        summary: 'Every behavioural feature and its meaning',
        response: {
          200: Type.Object({ featureSet: Type.String(), features: Type.Array(FeatureSchema) }),
          ...problemResponses()
        }
      }
    },
    () => body
  )
}
