import { type Static, Type } from 'typebox'
import { PRODUCTS } from '../domain/application.ts'
import { CURRENCIES } from '../domain/money.ts'
import { REASON_CODES } from '../domain/reasons.ts'

const strict = { additionalProperties: false } as const
const Sha256Schema = Type.String({ pattern: '^[0-9a-f]{64}$' })

export const ROLES = ['credit', 'early-warning', 'fraud'] as const
export type Role = (typeof ROLES)[number]

export const VersionSchema = Type.String({ pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$', maxLength: 32 })

/** How the values of the training part lie: bins by rising edge, a value in the bin of the edges it reaches. */
const BinsSchema = {
  edges: Type.Array(Type.Number(), { maxItems: 32 }),
  shares: Type.Array(Type.Number({ minimum: 0, maximum: 1 }), { minItems: 1, maxItems: 33 })
}

const DriftSchema = Type.Object(
  {
    rows: Type.Integer({ minimum: 1 }),
    score: Type.Object(BinsSchema, strict),
    inputs: Type.Array(
      Type.Object({ name: Type.String(), ...BinsSchema, missing: Type.Number({ minimum: 0, maximum: 1 }) }, strict)
    )
  },
  { ...strict, description: 'What drift is measured against: probabilities and inputs of the training part' }
)
export type DriftReference = Static<typeof DriftSchema>

const ApprovalSchema = Type.Object(
  {
    approver: Type.String({ minLength: 2, maxLength: 100 }),
    at: Type.String({ format: 'date-time' }),
    manifestSha256: Type.String({
      pattern: '^[0-9a-f]{64}$',
      description: 'Of the manifest without approvals: a changed model has none'
    })
  },
  strict
)
export type Approval = Static<typeof ApprovalSchema>

export const ManifestSchema = Type.Object(
  {
    name: Type.Enum([...ROLES]),
    version: VersionSchema,
    files: Type.Object(
      {
        'model.onnx': Sha256Schema,
        'trees.json': Sha256Schema,
        'golden.json': Sha256Schema,
        'scorecard.json': Type.Optional(Sha256Schema)
      },
      { ...strict, description: 'sha256 of every file a model is made of' }
    ),
    inputs: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          range: Type.Tuple([Type.Number(), Type.Number()]),
          missing: Type.Enum(['allowed', 'refused'], { description: 'Whether NaN may be scored' }),
          group: Type.Enum(REASON_CODES, {
            description: 'Reason that this input’s contribution counts towards'
          }),
          reference: Type.Union([Type.Number(), Type.Null()], {
            description: 'Value of the reference applicant; null is missing'
          })
        },
        strict
      ),
      { minItems: 1, maxItems: 256, description: 'In the order of the model’s columns' }
    ),
    scoreScale: Type.Object(
      { baseScore: Type.Number(), baseOdds: Type.Number(), pointsToDouble: Type.Number() },
      strict
    ),
    population: Type.Object(
      { products: Type.Array(Type.Enum([...PRODUCTS])), currencies: Type.Array(Type.Enum([...CURRENCIES])) },
      { ...strict, description: 'Who the model was validated on; it decides about nobody else' }
    ),
    calibration: Type.Optional(
      Type.Object(
        { method: Type.Enum(['none', 'platt']), slope: Type.Number(), intercept: Type.Number() },
        { ...strict, description: 'On the margin; network and trees have it in them' }
      )
    ),
    notice: Type.Optional(
      Type.Union([Type.String({ maxLength: 200 }), Type.Null()], {
        description: 'Said wherever the model is shown, such as what it was trained on'
      })
    ),
    drift: Type.Optional(DriftSchema),
    training: Type.Object(
      {},
      { additionalProperties: true, description: 'Window, data fingerprint and metrics; see card.md' }
    ),
    approvals: Type.Optional(Type.Array(ApprovalSchema, { maxItems: 20 }))
  },
  strict
)
export type Manifest = Static<typeof ManifestSchema>

/** Rows and what the model must answer for them, to the bit of a float32. */
export const GoldenSchema = Type.Object(
  {
    rows: Type.Array(Type.Array(Type.Union([Type.Number(), Type.Null()])), {
      minItems: 1,
      description: 'null is missing'
    }),
    pd: Type.Array(Type.Number())
  },
  strict
)
export type Golden = Static<typeof GoldenSchema>

const column = <
  Item extends ReturnType<typeof Type.Number> | ReturnType<typeof Type.Integer> | ReturnType<typeof Type.Boolean>
>(
  item: Item
) => Type.Array(item, { minItems: 1 })

export const TreesSchema = Type.Object(
  {
    trees: Type.Array(
      Type.Object(
        {
          feature: column(Type.Integer({ minimum: 0 })),
          threshold: column(Type.Number()),
          left: column(Type.Integer({ minimum: -1 })),
          right: column(Type.Integer({ minimum: -1 })),
          missingLeft: column(Type.Boolean()),
          value: column(Type.Number())
        },
        strict
      )
    )
  },
  strict
)

const ShareSchema = Type.Number({ exclusiveMinimum: 0, maximum: 1 })
const BesideSchema = Type.Object({ version: VersionSchema, share: ShareSchema }, strict)
const ChampionSchema = Type.Object(
  {
    champion: VersionSchema,
    previous: Type.Optional(Type.Union([VersionSchema, Type.Null()], { description: 'Where a rollback goes' }))
  },
  strict
)

/** models/active.json: which version serves a role, and which run beside it. */
export const ActiveModelsSchema = Type.Object(
  {
    credit: Type.Object(
      {
        ...ChampionSchema.properties,
        challenger: Type.Optional({
          ...BesideSchema,
          description: 'Decides for this share of the applicants, always the same ones'
        }),
        shadow: Type.Optional({
          ...BesideSchema,
          description: 'Scores this share of the decisions after they were made'
        })
      },
      strict
    ),
    'early-warning': Type.Optional(ChampionSchema),
    fraud: Type.Optional(ChampionSchema)
  },
  strict
)
export type ActiveModels = Static<typeof ActiveModelsSchema>
