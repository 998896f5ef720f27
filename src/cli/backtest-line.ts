import { type Static, Type } from 'typebox'
import { type Application, DecisionRequestSchema } from '../domain/application.ts'
import { compileCheck } from '../domain/check.ts'
import type { Verdict } from '../policy/engine.ts'
import { OFFLINE_TENANT } from './history-files.ts'

const { product, amountMinor, currency, term, purpose, applicant, consents } = DecisionRequestSchema.properties
const strict = { additionalProperties: false } as const

/** What was asked for, without anything that tells a person. */
const AskedSchema = Type.Object({ product, amountMinor, currency, term, purpose, applicant, consents }, strict)

/** A line of decisions.ndjson with --vectors: all that another policy needs to decide the same again. */
const DecidedLineSchema = Type.Object({
  applicationId: Type.String({ minLength: 1 }),
  asOf: Type.Integer(),
  outcome: Type.Optional(Type.Enum(['good', 'bad'])),
  pd: Type.Union([Type.Number(), Type.Null()]),
  model: Type.String(),
  featureSet: Type.String(),
  historyTruncated: Type.Boolean(),
  asked: AskedSchema,
  vector: Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()]))
})
export type DecidedLine = Static<typeof DecidedLineSchema>

export const checkDecidedLine = compileCheck(DecidedLineSchema)

/** One application of the past, decided. */
export interface Decided {
  readonly application: Application
  readonly asOf: number
  readonly outcome: 'good' | 'bad' | undefined
  /** Features in catalogue order. */
  readonly values: Float64Array
  readonly historyTruncated: boolean
  /** As the model gave it. */
  readonly pd: number
  readonly verdict: Verdict
  /** By the policy that it is compared with; null without one. */
  readonly compared: Verdict | null
}

/** What a line with the whole case names besides the case. */
export interface CaseNames {
  readonly features: readonly string[]
  readonly model: string
  readonly featureSet: string
}

/** A line of decisions.ndjson; the whole case when its names are given. */
export function lineOf(decided: Decided, names: CaseNames | null): string {
  const { application, asOf, outcome, pd, verdict } = decided
  return JSON.stringify({
    applicationId: application.applicationId,
    asOf,
    ...(outcome !== undefined && { outcome }),
    pd,
    score: verdict.score?.points ?? null,
    band: verdict.score?.band ?? null,
    decision: verdict.outcome,
    reasons: verdict.reasons.map(({ code }) => code),
    ...(names !== null && caseOf(decided, names))
  })
}

function caseOf({ application, values, historyTruncated }: Decided, { features, model, featureSet }: CaseNames) {
  const { product, amountMinor, currency, term, purpose, facts, consents } = application
  return {
    model,
    featureSet,
    historyTruncated,
    asked: { product, amountMinor, currency, term, purpose, applicant: facts, consents },
    vector: Object.fromEntries(features.map((name, at) => [name, values[at]]))
  }
}

/** The application of a line; who it was is not known, and no policy asks. */
export function applicationOf({ applicationId, asked: { applicant, ...asked } }: DecidedLine): Application {
  return { ...asked, tenant: OFFLINE_TENANT, applicationId, facts: applicant, refs: { applicant: applicationId } }
}
