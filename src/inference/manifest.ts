import { type Static, Type } from 'typebox'
import { PRODUCTS } from '../domain/application.ts'
import { CURRENCIES } from '../domain/money.ts'
import { REASON_CODES } from '../domain/reasons.ts'

const strict = { additionalProperties: false } as const
const Sha256Schema = Type.String({ pattern: '^[0-9a-f]{64}$' })

export const ManifestSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z-]*$' }),
    version: Type.String({ pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$' }),
    files: Type.Object(
      { 'model.onnx': Sha256Schema, 'trees.json': Sha256Schema, 'golden.json': Sha256Schema },
      { ...strict, description: 'sha256 of every file a session is made of' }
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
    training: Type.Object(
      {},
      { additionalProperties: true, description: 'Window, data fingerprint and metrics; see card.md' }
    )
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

export const ActiveModelsSchema = Type.Object(
  { credit: Type.Object({ champion: Type.String({ pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$' }) }, strict) },
  { ...strict, description: 'models/active.json: which version serves a role' }
)
