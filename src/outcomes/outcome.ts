import { type Static, Type } from 'typebox'
import { timeSchema } from '../domain/event-time.ts'
import { DecisionIdSchema } from '../domain/ids.ts'

/** Who says so: a closed list, so that no text of anybody is kept. */
const OUTCOME_SOURCES = ['repayment', 'collection', 'bureau', 'review'] as const

/** What became of the loan that a decision was about, by the definition of bad that its model was trained with. */
export const OutcomeInputSchema = Type.Object(
  {
    decisionId: DecisionIdSchema,
    outcome: Type.Enum(['good', 'bad'], { description: 'As the card of the model defines bad' }),
    observedAtMs: timeSchema('When it was known; of two that differ the later counts'),
    source: Type.Optional(Type.Enum([...OUTCOME_SOURCES]))
  },
  { additionalProperties: false }
)
export type OutcomeInput = Static<typeof OutcomeInputSchema>

export const OUTCOME_RESULTS = [
  'counted',
  'repeated',
  'replaced',
  'conflict',
  'unscored',
  'too_early',
  'unknown_decision'
] as const
export type OutcomeResult = (typeof OUTCOME_RESULTS)[number]
