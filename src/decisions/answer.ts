import { type Static, Type } from 'typebox'
import type { Application } from '../domain/application.ts'
import type { Decision, Outcome } from '../domain/decision.ts'
import type { EvidenceSoFar } from '../domain/evidence.ts'
import type { Hold } from '../domain/exposure.ts'
import { DecisionIdSchema, TenantSchema } from '../domain/ids.ts'
import type { NextAction } from '../domain/next-actions.ts'
import type { ReasonCode } from '../domain/reasons.ts'
import type { ReviewEvent } from '../domain/review-event.ts'
import type { Quality } from '../features/quality.ts'
import type { MeasuredValues } from '../features/vector.ts'
import type { ScorecardScore } from '../inference/scorecard.ts'
import type { Assessment, Verdict } from '../policy/engine.ts'
import { offersEndMs } from '../policy/validity.ts'
import { type ExposureReading, holdOf } from './exposure.ts'
import type { LeftOut } from './ladder.ts'

const MINUTE_MS = 60_000

const LINE_FEED = 10

/** What an approval leaves for the relay, and the payload of the job it becomes: ids only. */
export const OutboxEntrySchema = Type.Object(
  {
    decisionId: DecisionIdSchema,
    tenant: TenantSchema,
    utcOffsetMinutes: Type.Integer({ minimum: -720, maximum: 840 })
  },
  { additionalProperties: false }
)
export type OutboxEntry = Static<typeof OutboxEntrySchema>

/** What every decision of this process shares. */
export interface AnswerContext {
  readonly policyId: string
  /** By role: version@sha256 of the network. */
  readonly modelIds: Readonly<Record<string, string>> & { readonly credit: string }
  readonly featureSetId: string
  readonly offerValidDays: number
  readonly reviewSlaMinutes: number
  /** Keeps with the record how old and how exact its features were. */
  readonly quality: Quality
}

export interface AnswerInput {
  readonly application: Application
  readonly applicationJson: string
  readonly decisionId: string
  readonly nowMs: number
  readonly verdict: Verdict
  readonly features: MeasuredValues
  readonly assessment: Assessment
  readonly scorecard: ScorecardScore | null
  readonly exposure: ExposureReading
  /** What there was no time for. */
  readonly leftOut?: readonly LeftOut[]
  /** Kept with the record; without it the answer names no way to give any. */
  readonly evidence?: EvidenceSoFar | undefined
  /** Behind which decision of the application it stands; nothing on the first. */
  readonly place?: Pick<Decision, 'round' | 'previousDecisionId'> | undefined
}

export interface Answer {
  readonly outcome: Outcome
  readonly verdict: Verdict
  /** Whose score it is: version@sha256 of the network. */
  readonly modelId: string
  readonly reasonCodes: readonly ReasonCode[]
  readonly degraded: readonly string[]
  /** The response. */
  readonly answer: string
  /** What is stored: the response byte for byte, a line feed, the record. Made once: it is hashed, sent and kept. */
  readonly value: Buffer
  readonly outbox: string | undefined
  readonly hold: Hold | undefined
}

/** Turns a verdict into the bytes that are stored and answered. Pure. */
export function composeAnswer(context: AnswerContext, input: AnswerInput): Answer {
  const { application, decisionId, nowMs, verdict, features, assessment, exposure, leftOut = [] } = input
  const { outcome, score, limit, offers, reasons } = verdict
  const degraded = features.truncated.map((kind) => `HISTORY_TRUNCATED:${kind}`)
  if (assessment.kind === 'fault') degraded.push(assessment.code)
  if (verdict.byScorecard === true) degraded.push('SCORECARD')
  degraded.push(...leftOut)
  const takesEvidence = verdict.nextActions !== undefined && input.evidence !== undefined
  const decision: Decision = {
    decisionId,
    applicationId: application.applicationId,
    decision: outcome,
    decidedAt: new Date(nowMs).toISOString(),
    validUntil: offers.length === 0 ? null : endOf(nowMs, context, verdict),
    score,
    limit,
    offers: offers as Decision['offers'],
    reasons: reasons as Decision['reasons'],
    ...(verdict.nextActions && { nextActions: verdict.nextActions as NextAction[] }),
    trace: {
      policy: context.policyId,
      ...(verdict.statutory && { rulePacks: verdict.statutory.packs as string[] }),
      models: context.modelIds,
      featureSet: context.featureSetId,
      degraded
    },
    ...input.place,
    links: linksOf(decisionId, outcome !== 'APPROVE' || reasons.length > 0, takesEvidence)
  }
  const answer = JSON.stringify(decision)
  return {
    outcome,
    verdict,
    modelId: context.modelIds.credit,
    reasonCodes: reasons.map(({ code }) => code),
    degraded,
    answer,
    value: Buffer.from(`${answer}\n${composeRecord(context, input)}`),
    outbox: composeOutbox(context, input),
    hold: holdOf(verdict, {
      applicationId: application.applicationId,
      nowMs,
      offerValidDays: context.offerValidDays,
      exposure
    })
  }
}

/** The answer within what is stored, up to its line feed: JSON has none of its own. */
export function answerBytes(value: Buffer): Buffer {
  return value.subarray(0, value.indexOf(LINE_FEED))
}

function endOf(nowMs: number, { offerValidDays }: AnswerContext, { statutory }: Verdict): string {
  return new Date(offersEndMs(nowMs, offerValidDays, statutory?.stricterFromMs)).toISOString()
}

/** Whoever did not get all that was asked for may have it looked at by a person, and gets a notice. */
function linksOf(decisionId: string, isAdverse: boolean, takesEvidence: boolean): Decision['links'] {
  const self = `/v1/decisions/${decisionId}`
  const explanation = `${self}/explanation`
  return isAdverse
    ? {
        self,
        explanation,
        review: `${self}/review-requests`,
        notice: `${self}/notice`,
        ...(takesEvidence && { evidence: `${self}/evidence` })
      }
    : { self, explanation }
}

/** What a decision sets off: an approved loan is to be monitored, a referred application to be looked at by a person. */
function composeOutbox(
  { reviewSlaMinutes }: AnswerContext,
  { application: { tenant, applicationId }, decisionId, nowMs, verdict }: AnswerInput
): string | undefined {
  const { outcome, utcOffsetMinutes } = verdict
  if (outcome === 'REFER') {
    const dueAtMs = nowMs + reviewSlaMinutes * MINUTE_MS
    const event: ReviewEvent = { kind: 'review.open', tenant, decisionId, applicationId, atMs: nowMs, dueAtMs }
    return JSON.stringify(event)
  }
  if (outcome !== 'APPROVE' || utcOffsetMinutes === null) return undefined
  return JSON.stringify({ decisionId, tenant, utcOffsetMinutes } satisfies OutboxEntry)
}

/** What replays the decision: the application as tokens, the features in catalogue order and their quality, what the model said. */
function composeRecord(
  { quality }: AnswerContext,
  { applicationJson, nowMs, features, assessment, scorecard, exposure, evidence, verdict }: AnswerInput
): string {
  const scored = assessment.kind === 'scored'
  const rest = JSON.stringify({
    asOf: nowMs,
    features: packDoubles(features.values),
    quality: quality.pack(features),
    pd: scored ? assessment.pd : null,
    contributions: scored && assessment.contributions !== null ? packDoubles(assessment.contributions) : null,
    scorecardPd: scorecard?.pd ?? null,
    fraudPd: scored ? (assessment.fraud?.pd ?? null) : null,
    exposureMinor: exposure.owedMinor,
    exposureFault: exposure.fault,
    standing: exposure.standing,
    restraint: exposure.restraint,
    evidence,
    steps: verdict.steps
  })
  return `{"application":${applicationJson},${rest.slice(1, -1)}${rulesOf(verdict)}}`
}

/** The rules are the same for all decisions of a day, and printed once a day; what they came to is of this one. */
function rulesOf({ statutory }: Verdict): string {
  if (statutory === undefined) return ''
  return `,"rules":{${statutory.evaluatedJson},"results":${JSON.stringify(statutory.results)}}`
}

/** The bits of doubles as base64 of little-endian bytes: a tenth of the time of printing them, and NaN stays NaN. */
export function packDoubles(values: Float64Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
}

/** Reads what packDoubles wrote. */
export function unpackDoubles(packed: string): Float64Array {
  const bytes = Buffer.from(packed, 'base64')
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}
