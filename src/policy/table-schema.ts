import { type Static, Type } from 'typebox'
import { STEP_UPS } from '../domain/next-actions.ts'
import { REASON_CODES } from '../domain/reasons.ts'

/** Where in a decision a table is asked; `credit` and `limit` know the score. */
export const TABLE_STAGES = ['fraud', 'eligibility', 'credit', 'limit'] as const
export type TableStage = (typeof TABLE_STAGES)[number]
const TABLE_ACTIONS = ['PASS', 'REFER', 'DECLINE', 'STEP_UP'] as const

const strict = { additionalProperties: false } as const

const ConditionSchema = Type.Object(
  {
    above: Type.Optional(Type.Number()),
    atLeast: Type.Optional(Type.Number()),
    below: Type.Optional(Type.Number()),
    atMost: Type.Optional(Type.Number()),
    in: Type.Optional(Type.Array(Type.String(), { minItems: 1, uniqueItems: true })),
    notIn: Type.Optional(Type.Array(Type.String(), { minItems: 1, uniqueItems: true })),
    missing: Type.Optional(
      Type.Boolean({ description: 'true: a missing value matches too, or alone; false alone: any value there is' })
    )
  },
  {
    ...strict,
    minProperties: 1,
    description: 'All that is named must hold. A missing value matches only where missing is true'
  }
)
export type TableCondition = Static<typeof ConditionSchema>

const OutputSchema = Type.Object(
  {
    action: Type.Optional(Type.Enum([...TABLE_ACTIONS], { description: 'In every stage but limit' })),
    reason: Type.Optional(Type.Enum(REASON_CODES)),
    step: Type.Optional(Type.Enum([...STEP_UPS], { description: 'What STEP_UP asks for' })),
    expiresInMinutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 43_200 })),
    attempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
    limitShare: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'Share of what the limit would be: stage limit' })
    ),
    segment: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$', description: 'Of limits: stage limit' }))
  },
  { ...strict, minProperties: 1 }
)
export type TableOutput = Static<typeof OutputSchema>

/** A decision table: rows of conditions on named inputs, and what follows where a row matches. */
export const TableSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }),
    stage: Type.Enum([...TABLE_STAGES]),
    hitPolicy: Type.Enum(['first', 'unique', 'collect'], {
      description:
        'first: the first row that matches; unique: the same, and rows that overlap are refused; collect: all'
    }),
    complete: Type.Optional(Type.Boolean({ description: 'Whether a case that no row matches is refused at load' })),
    rows: Type.Array(
      Type.Object(
        { when: Type.Record(Type.String(), ConditionSchema), output: OutputSchema },
        { ...strict, description: 'Without conditions a row matches always' }
      ),
      { minItems: 1, maxItems: 200 }
    )
  },
  strict
)
export type DecisionTable = Static<typeof TableSchema>
