import { type Static, Type } from 'typebox'
import { CONSENTS, PRODUCTS, PURPOSES } from '../domain/application.ts'
import { amountSchema, CurrencySchema } from '../domain/money.ts'
import { LEGAL_TAGS } from '../features/definition.ts'

const RULE_STATUSES = ['in_force', 'draft', 'guidance', 'internal'] as const
export type RuleStatus = (typeof RULE_STATUSES)[number]
export const LENDER_TYPES = ['online_microloan', 'microloan', 'bank', 'consumer_finance', 'trust'] as const
export type LenderType = (typeof LENDER_TYPES)[number]

const strict = { additionalProperties: false } as const
const DateSchema = Type.String({ format: 'date', pattern: '^[0-9]{4}-' })
const OpenDateSchema = Type.Union([DateSchema, Type.Null()])
const RatioSchema = Type.Number({ exclusiveMinimum: 0, maximum: 1 })

const SourceSchema = Type.Object(
  {
    citation: Type.String({ minLength: 1, maxLength: 300 }),
    marks: Type.Array(Type.String({ pattern: '^(S[1-9][0-9]?|M|X)$' }), {
      description: 'Marks of the domain reference: S n was read in a source of its list, M is from memory'
    }),
    unverified: Type.Boolean({ description: 'Whether some of the rule still wants checking against its source' }),
    note: Type.Optional(Type.String({ minLength: 1, maxLength: 300 }))
  },
  strict
)

const CapStepSchema = Type.Object(
  {
    from: OpenDateSchema,
    to: OpenDateSchema,
    ratio: Type.Optional(RatioSchema),
    lprMultiple: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 10 }))
  },
  {
    ...strict,
    description: 'From its first to its last day: a yearly ratio, or a multiple of the 1-year LPR of the day'
  }
)
export type CapStep = Static<typeof CapStepSchema>

const common = {
  id: Type.String({ pattern: '^[A-Z]{2}(\\.[A-Z0-9_]+)+$', maxLength: 64 }),
  title: Type.String({ minLength: 1, maxLength: 160, pattern: '^[^|\\n]+$' }),
  status: Type.Enum([...RULE_STATUSES]),
  effectiveFrom: OpenDateSchema,
  effectiveTo: OpenDateSchema,
  lenderTypes: Type.Optional(Type.Array(Type.Enum([...LENDER_TYPES]), { minItems: 1 })),
  products: Type.Optional(Type.Array(Type.Enum([...PRODUCTS]), { minItems: 1 })),
  source: SourceSchema
}
const scope = Type.Enum(['borrower', 'borrower_and_related'])

/** The rule of each kind. Days are local to the pack; null is open, and the last day still counts. */
export const RULE_SCHEMAS = {
  rate_cap: Type.Object(
    {
      ...common,
      kind: Type.Literal('rate_cap'),
      measure: Type.Enum(['nominal', 'effective', 'both'], { description: 'The all-in rate that is capped' }),
      path: Type.Array(CapStepSchema, { minItems: 1, description: 'Without gap or overlap, over the whole rule' })
    },
    strict
  ),
  amount_cap: Type.Object(
    {
      ...common,
      kind: Type.Literal('amount_cap'),
      scope,
      currency: CurrencySchema,
      mostMinor: amountSchema('Most', 1)
    },
    strict
  ),
  share_cap: Type.Object(
    {
      ...common,
      kind: Type.Literal('share_cap'),
      scope,
      of: Type.Enum(['average_annual_income_3y', 'lender_net_assets']),
      mostShare: RatioSchema
    },
    strict
  ),
  minimum_age: Type.Object(
    { ...common, kind: Type.Literal('minimum_age'), years: Type.Integer({ minimum: 18, maximum: 30 }) },
    strict
  ),
  student_exclusion: Type.Object({ ...common, kind: Type.Literal('student_exclusion') }, strict),
  prohibited_purposes: Type.Object(
    {
      ...common,
      kind: Type.Literal('prohibited_purposes'),
      purposes: Type.Array(Type.Enum([...PURPOSES]), { minItems: 1 })
    },
    strict
  ),
  required_consents: Type.Object(
    {
      ...common,
      kind: Type.Literal('required_consents'),
      consents: Type.Array(Type.Enum([...CONSENTS]), { minItems: 1 })
    },
    strict
  ),
  own_share_floor: Type.Object(
    { ...common, kind: Type.Literal('own_share_floor'), leastShare: RatioSchema },
    { ...strict, description: 'The lender’s own part of a loan that it funds with a partner' }
  ),
  partner_list: Type.Object(
    { ...common, kind: Type.Literal('partner_list') },
    { ...strict, description: 'A funding partner must be on the list of the day' }
  ),
  excluded_data: Type.Object(
    {
      ...common,
      kind: Type.Literal('excluded_data'),
      tags: Type.Array(Type.Enum([...LEGAL_TAGS]), { minItems: 1, uniqueItems: true }),
      use: Type.Optional(
        Type.Literal('creditworthiness', { description: 'Not where fraud is looked for; without it nowhere' })
      )
    },
    { ...strict, description: 'Data of these legal tags decide nothing about the products' }
  ),
  principal_reasons: Type.Object(
    { ...common, kind: Type.Literal('principal_reasons'), most: Type.Integer({ minimum: 1, maximum: 8 }) },
    { ...strict, description: 'How many reasons a refusal tells at most' }
  )
} as const
export type RuleKind = keyof typeof RULE_SCHEMAS
export type Rule = { [Kind in RuleKind]: Static<(typeof RULE_SCHEMAS)[Kind]> }[RuleKind]
export type RateCapRule = Extract<Rule, { kind: 'rate_cap' }>

const head = {
  id: Type.String({ pattern: '^[a-z][a-z0-9-]{1,47}$' }),
  version: Type.String({ pattern: '^[0-9]{4}\\.[0-9]{1,2}\\.[0-9]{1,3}$' }),
  jurisdiction: Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1, or EU' }),
  utcOffsetMinutes: Type.Integer({ minimum: -720, maximum: 840, description: 'Zone of all days in the pack' }),
  lenderTypes: Type.Array(Type.Enum([...LENDER_TYPES]), { minItems: 1 }),
  bindAlso: Type.Array(Type.String(), { description: 'Ids of draft or guidance rules that bind all the same' })
}

/** A rule pack without the fields of its rules: a rule is checked by its kind, so that a fault is named once. */
export const RulePackHeadSchema = Type.Object(
  {
    ...head,
    rules: Type.Array(Type.Object({ kind: Type.Enum(Object.keys(RULE_SCHEMAS) as RuleKind[]) }), { minItems: 1 })
  },
  strict
)

/** A rule pack file: the rules of one jurisdiction, each with its days, its status and where it comes from. */
export interface RulePack extends Omit<Static<typeof RulePackHeadSchema>, 'rules'> {
  readonly rules: readonly Rule[]
}

/** The 1-year loan prime rate, in force from each day until the next. */
export const LprSeriesSchema = Type.Object(
  {
    series: Type.Literal('LPR_1Y'),
    points: Type.Array(Type.Object({ from: DateSchema, ratio: RatioSchema, source: SourceSchema }, strict), {
      minItems: 1
    })
  },
  { ...strict, $id: 'LprSeries' }
)
export type LprSeries = Static<typeof LprSeriesSchema>
