import { type Static, Type } from 'typebox'
import {
  ApplicantFactsSchema,
  type Application,
  CONSENTS,
  PRODUCTS,
  PURPOSES,
  TermSchema
} from '../domain/application.ts'
import { type Checked, compileCheck, type Problem } from '../domain/check.ts'
import { type Decision, DecisionSchema } from '../domain/decision.ts'
import { type EvidenceSoFar, EvidenceSoFarSchema } from '../domain/evidence.ts'
import { ApplicationIdSchema, TenantSchema } from '../domain/ids.ts'
import { amountSchema, CurrencySchema } from '../domain/money.ts'
import type { StoredQuality } from '../features/quality.ts'
import { RuleRecordSchema, StepsSchema } from '../policy/steps.ts'
import { unpackDoubles } from './answer.ts'
import { EXPOSURE_FAULTS, type ExposureReading } from './exposure.ts'
import { RestraintSchema } from './restraint.ts'
import type { StoredDecision } from './store.ts'

const TokenSchema = Type.String({ minLength: 1, maxLength: 128 })
const PdSchema = Type.Union([Type.Number(), Type.Null()])
const Base64Schema = Type.String({
  pattern: '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'
})

const StoredApplicationSchema = Type.Object({
  tenant: TenantSchema,
  applicationId: ApplicationIdSchema,
  product: Type.Enum([...PRODUCTS]),
  amountMinor: amountSchema('Amount asked for', 1),
  currency: CurrencySchema,
  term: TermSchema,
  purpose: Type.Enum([...PURPOSES]),
  facts: ApplicantFactsSchema,
  refs: Type.Object({
    applicant: TokenSchema,
    device: Type.Optional(TokenSchema),
    ip: Type.Optional(TokenSchema),
    phone: Type.Optional(TokenSchema),
    card: Type.Optional(TokenSchema)
  }),
  nationalId: Type.Optional(TokenSchema),
  email: Type.Optional(TokenSchema),
  consents: Type.Array(Type.Enum([...CONSENTS]))
})

/**
 * The second line of a stored decision: what explains and replays it. Decisions are kept for years, so that what a later
 * release adds is optional, and what this one does not know is left alone.
 */
export const RecordSchema = Type.Object({
  application: StoredApplicationSchema,
  asOf: Type.Integer({ description: 'The decision instant, ms' }),
  features: Base64Schema,
  quality: Type.Object({ ages: Base64Schema, inexact: Type.Optional(Type.Array(Type.String())) }),
  pd: PdSchema,
  contributions: Type.Union([Base64Schema, Type.Null()]),
  scorecardPd: Type.Optional(PdSchema),
  fraudPd: Type.Optional(PdSchema),
  exposureMinor: Type.Optional(Type.Integer({ description: 'What was owed or held already' })),
  exposureFault: Type.Optional(Type.Enum([...EXPOSURE_FAULTS], { description: 'Why that allowed no approval' })),
  standing: Type.Optional(
    Type.Object(
      {
        frozen: Type.Boolean(),
        limitFactor: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
        stepUp: Type.Optional(Type.Boolean())
      },
      { description: 'How the applicant stood by reviews and warnings' }
    )
  ),
  restraint: Type.Optional(RestraintSchema),
  evidence: Type.Optional(EvidenceSoFarSchema),
  steps: Type.Optional(StepsSchema),
  rules: Type.Optional(RuleRecordSchema)
})

export interface DecisionRecord {
  readonly application: Application
  /** The bytes that the record was composed of. */
  readonly applicationJson: string
  readonly asOf: number
  /** In the order of the catalogue that the decision’s trace names; NaN is missing. */
  readonly features: Float64Array
  readonly quality: StoredQuality
  /** As the model gave it; null when it gave none, or nothing finite. */
  readonly pd: number | null
  /** Shapley values in the order of the model’s inputs. */
  readonly contributions: Float64Array | null
  /** Absent in decisions made before these models. */
  readonly scorecardPd: number | null | undefined
  readonly fraudPd: number | null | undefined
  /** Nothing in decisions made before it was kept. */
  readonly exposure: ExposureReading
  /** What was given, where the decision asks for evidence or was made with it; nothing elsewhere. */
  readonly evidence: EvidenceSoFar | undefined
}

export interface ReadDecision {
  readonly decision: Decision
  readonly record: DecisionRecord
}

const checkRecord = compileCheck(RecordSchema)
const checkDecision = compileCheck(DecisionSchema)
const BYTES_OF_DOUBLE = 8

/** Reads both lines of a stored decision. What is wrong with them is told by field, without a value of them. */
export function readStoredDecision({ answer, record }: StoredDecision): Checked<ReadDecision> {
  const decision = parse(answer, '/answer', checkDecision)
  if (!decision.ok) return decision
  const read = parse(record, '/record', checkRecord)
  if (!read.ok) return read
  const problems = findUneven(read.value)
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, value: { decision: decision.value, record: unpack(read.value) } }
}

function unpack({ application, contributions, features, ...rest }: Static<typeof RecordSchema>): DecisionRecord {
  return {
    application: application as Application,
    // Parsed and printed again it has the bytes it had: printing is what made it.
    applicationJson: JSON.stringify(application),
    asOf: rest.asOf,
    features: unpackDoubles(features),
    quality: rest.quality,
    pd: rest.pd,
    contributions: contributions === null ? null : unpackDoubles(contributions),
    scorecardPd: rest.scorecardPd,
    fraudPd: rest.fraudPd,
    evidence: rest.evidence,
    exposure: {
      owedMinor: rest.exposureMinor ?? 0,
      ...(rest.exposureFault && { fault: rest.exposureFault }),
      ...(rest.standing && { standing: rest.standing }),
      ...(rest.restraint && { restraint: rest.restraint })
    }
  }
}

function findUneven({ features, contributions }: Static<typeof RecordSchema>): Problem[] {
  const isWhole = (packed: string) => Buffer.byteLength(packed, 'base64') % BYTES_OF_DOUBLE === 0
  const found: Problem[] = []
  if (!isWhole(features)) found.push({ field: '/record/features', problem: 'is no whole number of doubles' })
  if (contributions !== null && !isWhole(contributions))
    found.push({ field: '/record/contributions', problem: 'is no whole number of doubles' })
  return found
}

function parse<Value>(text: string, at: string, check: (value: unknown) => Checked<Value>): Checked<Value> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, problems: [{ field: at, problem: 'is not JSON' }] }
  }
  const checked = check(value)
  if (checked.ok) return checked
  return { ok: false, problems: checked.problems.map(({ field, problem }) => ({ field: at + field, problem })) }
}
