import { type Static, Type } from 'typebox'
import { BINDING_CONSTRAINTS } from '../domain/decision.ts'
import { REASON_CODES } from '../domain/reasons.ts'
import type { Hit } from './rules.ts'

const strict = { additionalProperties: false } as const
const OutcomeSchema = Type.Enum(['PASS', 'REFER', 'DECLINE'])

const CapsSchema = Type.Object({ nominal: Type.Number(), effective: Type.Number() }, strict)

const HitSchema = Type.Object(
  {
    rule: Type.String({ description: 'A rule of the policy, table/row, or the id of a rule of a pack' }),
    outcome: OutcomeSchema,
    reason: Type.Enum(REASON_CODES),
    read: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Null()]))
  },
  strict
)
const StageSchema = Type.Union([
  Type.Literal('PASS'),
  Type.Object({ outcome: OutcomeSchema, hits: Type.Array(HitSchema) }, strict)
])

/** What each stage of a decision read and decided, in its order; a stage that was not reached is absent. */
export const StepsSchema = Type.Object(
  {
    fraud: Type.Optional(StageSchema),
    statutory: Type.Optional(StageSchema),
    eligibility: Type.Optional(StageSchema),
    fraudModel: Type.Optional(StageSchema),
    score: Type.Optional(
      Type.Union([
        Type.Enum(REASON_CODES, { description: 'Why there is none' }),
        Type.Object({ band: Type.String(), action: Type.String() }, strict)
      ])
    ),
    credit: Type.Optional(StageSchema),
    limit: Type.Optional(
      Type.Object(
        {
          bounds: Type.Record(Type.String(), Type.Number(), { description: 'By constraint, minor units' }),
          by: Type.Enum([...BINDING_CONSTRAINTS]),
          amountMinor: Type.Number(),
          segment: Type.Optional(Type.String()),
          hits: Type.Optional(Type.Array(Type.String()))
        },
        strict
      )
    ),
    price: Type.Optional(
      Type.Object(
        {
          nominalRate: Type.Union([Type.Number(), Type.Null()]),
          caps: CapsSchema
        },
        strict
      )
    ),
    offers: Type.Optional(
      Type.Union([Type.Integer({ description: 'How many' }), Type.Enum(REASON_CODES, { description: 'Why none' })])
    )
  },
  strict
)
export type Steps = Static<typeof StepsSchema>
export type StageStep = Static<typeof StageSchema>

const BindingSchema = Type.Union([Type.String(), Type.Null()])

/** Every rule of the packs that was evaluated, and what it came to. */
export const RuleRecordSchema = Type.Object(
  {
    packs: Type.Array(Type.String(), { description: 'id-version@sha256' }),
    evaluated: Type.Record(Type.String(), Type.Array(Type.String()), {
      description: 'Ids of rules by status and state: binds, applies (and does not bind), off (not on this day)'
    }),
    caps: Type.Object(
      {
        nominal: Type.Number(),
        effective: Type.Number(),
        by: Type.Object({ nominal: BindingSchema, effective: BindingSchema }, strict),
        lpr: Type.Optional(
          Type.Object(
            { from: Type.String({ format: 'date' }), ratio: Type.Number() },
            { ...strict, description: 'The rate, and the day it is from, where such a rule is a multiple of the LPR' }
          )
        )
      },
      { ...strict, description: 'Strictest of the policy and the packs; by is the rule of the packs, null for none' }
    ),
    results: Type.Record(
      Type.String(),
      Type.Object({ reason: Type.Enum(REASON_CODES), capMinor: Type.Optional(Type.Number()) }, strict),
      { description: 'By rule, whether it binds or not: what it found, or what it leaves below the asked amount' }
    )
  },
  strict
)

export function stageStep(hits: readonly Hit[]): StageStep {
  if (hits.length === 0) return 'PASS'
  const outcome = hits.some((hit) => hit.outcome === 'DECLINE') ? 'DECLINE' : 'REFER'
  const told = hits.map((hit) => ({ rule: hit.rule, outcome: hit.outcome, reason: hit.code, read: hit.read }))
  return { outcome, hits: told }
}
