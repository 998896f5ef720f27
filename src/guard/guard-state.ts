import { type Static, Type } from 'typebox'
import { PRODUCTS } from '../domain/application.ts'

const strict = { additionalProperties: false } as const
const Instant = Type.Integer({ minimum: 0 })
const OrNull = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()])

/** few: not enough decisions or loans to judge · unknown: what it reads could not be read */
export const GUARD_LEVELS = ['green', 'few', 'unknown', 'amber', 'red'] as const
export type GuardLevel = (typeof GUARD_LEVELS)[number]

const JudgementSchema = Type.Object(
  {
    rule: Type.String(),
    product: OrNull(Type.String()),
    of: OrNull(Type.String({ description: 'Partner or funder' })),
    level: Type.Enum([...GUARD_LEVELS]),
    value: OrNull(Type.Number()),
    count: Type.Integer({ minimum: 0 }),
    amber: Type.Number(),
    red: Type.Number()
  },
  strict
)
export type Judgement = Static<typeof JudgementSchema>

/** Something the guard did, in force until two people release it, or until its end. */
const RestrictionSchema = Type.Object(
  {
    id: Type.String({ description: 'Rule, product and partner: what is in force once only' }),
    rule: Type.String(),
    kind: Type.Enum(['tighten', 'pause']),
    product: Type.Enum([...PRODUCTS]),
    partner: OrNull(Type.String({ description: 'Of this partner only; null for all' })),
    limitShare: Type.Number({ minimum: 0, maximum: 1, description: 'Of what a limit would be; 0 for a pause' }),
    value: Type.Number({ description: 'As it was seen' }),
    threshold: Type.Number({ description: 'What it reached' }),
    policy: Type.String({ description: 'version@sha256 of guard.json' }),
    sinceMs: Instant,
    untilMs: OrNull(Instant)
  },
  strict
)
export type Restriction = Static<typeof RestrictionSchema>

export const GuardStateSchema = Type.Object(
  {
    restrictions: Type.Array(RestrictionSchema),
    releases: Type.Array(
      Type.Object({ id: Type.String(), people: Type.Array(Type.String()), untilMs: Instant }, strict),
      { description: 'What does not act again until then' }
    ),
    judgements: Type.Array(JudgementSchema),
    checkedAtMs: Instant
  },
  strict
)
export type GuardState = Static<typeof GuardStateSchema>

export const NO_GUARD: GuardState = { restrictions: [], releases: [], judgements: [], checkedAtMs: 0 }

/** An entry of the history: what changed, by whom, on which values. */
export type GuardEntry =
  | { readonly kind: 'restricted' | 'ended'; readonly atMs: number; readonly restriction: Restriction }
  | {
      readonly kind: 'released'
      readonly atMs: number
      readonly restriction: Restriction
      readonly people: readonly string[]
      readonly untilMs: number
    }
  | { readonly kind: 'level'; readonly atMs: number; readonly before: GuardLevel; readonly judgement: Judgement }
