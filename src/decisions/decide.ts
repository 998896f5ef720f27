import type { Application } from '../domain/application.ts'
import { termDays } from '../domain/application.ts'
import type { Outcome } from '../domain/decision.ts'
import type { AssayEvent } from '../domain/event.ts'
import { NO_EVIDENCE } from '../domain/evidence.ts'
import type { Owed } from '../domain/exposure.ts'
import { withPartition } from '../domain/ids.ts'
import { isUsablePd } from '../domain/score-scale.ts'
import { AssayError } from '../errors.ts'
import type { EntityStates, FeatureSet, MeasuredValues } from '../features/vector.ts'
import type { ScorecardScore } from '../inference/scorecard.ts'
import { EXPLAIN_NONE } from '../inference/scorer.ts'
import type { Assessment } from '../policy/engine.ts'
import { type Answer, answerBytes, composeAnswer } from './answer.ts'
import { endBy } from './end-by.ts'
import { decideWithin, type ExposureReading, readingOf } from './exposure.ts'
import { chooseRung, leftOutBy, type Rung, referUnexplained } from './ladder.ts'
import type { Restraint } from './restraint.ts'
import type { Lineup, Made, Serving } from './serving.ts'
import { settle } from './settle.ts'
import type { StageTimes, TimedStage } from './stage-times.ts'
import type { Claim, DecisionStore, NextRound } from './store.ts'

export const STAGES = ['begin', 'features', 'score', 'policy', 'commit'] as const
export type Stage = (typeof STAGES)[number]

/** What the use case tells the metrics. */
export interface DecisionObserver {
  readonly stage: (stage: Stage, seconds: number) => void
  /** Features in catalogue order; not a number is missing. */
  readonly read: (values: Float64Array) => void
  readonly decided: (answer: Answer, application: Application) => void
  /** What the model and its scorecard said; `vector` has the inputs of the model first. */
  readonly scored: (
    modelId: string,
    vector: Float32Array,
    assessment: Assessment,
    scorecard: ScorecardScore | null
  ) => void
  readonly replayed: () => void
  /** Others took of the limit meanwhile, and the decision was made again. */
  readonly exposed: () => void
  /** A challenger gave no usable score, and the champion decides. */
  readonly challengerFailed: () => void
}

export interface DecideServiceDeps {
  readonly store: DecisionStore
  readonly featureSet: FeatureSet
  /** Who decides now: asked once a decision. */
  readonly lineup: () => Lineup
  readonly partitionOf: (application: Application) => number
  readonly newUuidv7: () => string
  readonly monotonicMs: () => number
  readonly observer: DecisionObserver
  /** What holds back lending of this kind now, from memory; undefined for nothing. */
  readonly restraintOf?: (application: Application) => Restraint | undefined
  /** How long stages take just now, kept here and read by who lets in. */
  readonly times: StageTimes
  /** What is kept back of the deadline for the commit; of a short deadline no more than its share. */
  readonly commitReserveMs: number
}

export interface DecideRequest {
  readonly application: Application
  /** The same as JSON: what was fingerprinted goes into the record as it is. */
  readonly applicationJson: string
  readonly fingerprint: string
  readonly idempotencyKey: string | undefined
  /** The decision instant. */
  readonly nowMs: number
  /** On the monotonic clock. */
  readonly deadlineAtMs: number
  readonly next?: NextRound | undefined
}

export type DecideResult =
  | {
      readonly kind: 'decided'
      readonly answer: string
      /** The same as it was stored; without it in a replay. */
      readonly bytes?: Buffer
      readonly outcome: Outcome | undefined
      readonly replay: boolean
    }
  | { readonly kind: 'conflict'; readonly decisionId: string }
  | { readonly kind: 'keyConflict' | 'pending' | 'backlog' }

export type DecideService = (request: DecideRequest) => Promise<DecideResult>

/**
 * The one use case: begin, features, score, policy, commit; two round trips to the store and nothing answered before the
 * second was acknowledged. Faults of scoring are decisions (REFER); faults of the store are AssayErrors.
 */
export function createDecideService(deps: DecideServiceDeps): DecideService {
  const { store, observer, monotonicMs, times } = deps
  let inFlight = 0

  const timed = async <Result>(stage: TimedStage, fromMs: number, work: Promise<Result>): Promise<Result> => {
    try {
      return await work
    } finally {
      const endMs = monotonicMs()
      times.observe(stage, endMs - fromMs, endMs)
    }
  }

  const decide: DecideService = async (request) => {
    const { application, fingerprint, idempotencyKey, nowMs } = request
    const decisionId = withPartition(deps.newUuidv7(), deps.partitionOf(application))
    const claim: Claim = { application, fingerprint, decisionId, idempotencyKey, next: request.next }
    const beginAtMs = monotonicMs()
    const beginning = store.begin(claim, submittedEvent(application, nowMs))
    const begun = await timed('begin', beginAtMs, endBy(beginning, request.deadlineAtMs - beginAtMs))
    const featuresAtMs = monotonicMs()
    observer.stage('begin', (featuresAtMs - beginAtMs) / 1000)
    if (begun.kind === 'decided')
      return endBy(replay(deps, application.tenant, begun.decisionId), request.deadlineAtMs - featuresAtMs)
    if (begun.kind !== 'claimed') return begun

    const features = readFeatures(deps, application, begun.states, nowMs)
    const scoreAtMs = monotonicMs()
    observer.stage('features', (scoreAtMs - featuresAtMs) / 1000)
    observer.read(features.values)

    const lineup = deps.lineup()
    const rung = chooseRung(
      request.deadlineAtMs - scoreAtMs,
      times.of('score', scoreAtMs),
      times.of('commit', scoreAtMs)
    )
    if (rung === 'none') return giveUp(store, claim)
    const endAtMs = request.deadlineAtMs - reserveMs(deps, request.deadlineAtMs - beginAtMs)
    const scored = await assess(deps, lineup, { application, endAtMs, rung }, features)
    const policyAtMs = monotonicMs()
    observer.stage('score', (policyAtMs - scoreAtMs) / 1000)
    if (rung !== 'noModel') times.observe('score', policyAtMs - scoreAtMs, policyAtMs)
    if (policyAtMs >= request.deadlineAtMs) return giveUp(store, claim)

    const hasShadow = lineup.hasShadow === true
    const restraint = deps.restraintOf?.(application)
    const compose = (owed: Owed, again: number) =>
      composeDecision({
        request,
        decisionId,
        features,
        rung,
        hasShadow,
        ...scored,
        exposure: { ...readingOf(owed, again, begun.standing), restraint }
      })
    let { made, answer } = compose(begun.owed, 0)
    const commitAtMs = monotonicMs()
    observer.stage('policy', (commitAtMs - policyAtMs) / 1000)

    const commit = ({ value, outbox, hold }: Answer) =>
      timed('commit', monotonicMs(), settle(deps, { claim, value, outbox, hold }, request.deadlineAtMs))
    let committed = await commit(answer)
    // Ends: what a reading with a fault decides holds nothing, and so cannot be refused for what is owed.
    for (let again = 1; committed.kind === 'exposed'; again++) {
      ;({ made, answer } = compose(committed.owed, again))
      observer.exposed()
      committed = await commit(answer)
    }
    observer.stage('commit', (monotonicMs() - commitAtMs) / 1000)
    if (committed.kind === 'lost') return { kind: 'pending' }
    observer.decided(answer, application)
    observer.scored(scored.serving.answerContext.modelIds.credit, scored.vector, scored.assessment, scored.scorecard)
    if (rung === 'full') lineup.afterwards(made, inFlight)
    const { answer: text, value, outcome } = answer
    return { kind: 'decided', answer: text, bytes: answerBytes(value), outcome, replay: false }
  }

  return async (request) => {
    inFlight++
    try {
      return await decide(request)
    } finally {
      inFlight--
    }
  }
}

interface Scored {
  /** Whose score it is. */
  readonly serving: Serving
  readonly vector: Float32Array
  readonly assessment: Assessment
  readonly scorecard: ScorecardScore | null
}

/** Some fifty times what a score takes: a challenger that hangs costs its applicants no more. */
const CHALLENGER_MS = 100

/** A short deadline is shared: the commit gets no more of it than this. */
const MAX_COMMIT_SHARE = 0.4

function reserveMs({ commitReserveMs }: DecideServiceDeps, budgetMs: number): number {
  return Math.min(commitReserveMs, budgetMs * MAX_COMMIT_SHARE)
}

interface Assessing {
  readonly application: Application
  /** Whoever has no score by then gets none. */
  readonly endAtMs: number
  readonly rung: Rung
}

/** The score of whoever decides for this applicant. A challenger that fails leaves the champion most of the time. */
async function assess(
  { monotonicMs, observer }: DecideServiceDeps,
  { champion, challengerOf }: Lineup,
  { application, endAtMs, rung }: Assessing,
  { readable, values }: ReadFeatures
): Promise<Scored> {
  const explainFrom = rung === 'noReasons' ? EXPLAIN_NONE : undefined
  const scoreBy = async (serving: Serving, untilMs: number): Promise<Scored> => {
    const vector = serving.toVector(values)
    const scorecard = readable && serving.scorecard !== null ? serving.scorecard(values) : null
    if (!readable) return { serving, vector, assessment: UNREADABLE, scorecard }
    const assessment = rung === 'noModel' ? NO_TIME : await serving.scorer.score(vector, untilMs, explainFrom)
    return { serving, vector, assessment, scorecard }
  }
  const challenger = rung === 'noModel' ? undefined : challengerOf(application)
  if (challenger !== undefined) {
    const nowMs = monotonicMs()
    const scored = await scoreBy(challenger, nowMs + Math.min((endAtMs - nowMs) / 2, CHALLENGER_MS))
    if (!readable || (scored.assessment.kind === 'scored' && isUsablePd(scored.assessment.pd))) return scored
    observer.challengerFailed()
  }
  return scoreBy(champion, endAtMs)
}

/** The same fault as a model that took too long: here it was known before. */
const NO_TIME: Assessment = { kind: 'fault', code: 'SYS_INFERENCE_TIMEOUT' }
const UNREADABLE: Assessment = { kind: 'fault', code: 'SYS_FEATURES_UNREADABLE' }

type ReadFeatures = MeasuredValues & { readonly readable: boolean }

/** Stored bytes that cannot be folded refer the application to a person; they neither approve, decline nor lose it. */
function readFeatures(
  { featureSet }: DecideServiceDeps,
  application: Application,
  states: EntityStates,
  nowMs: number
): ReadFeatures {
  try {
    return { ...featureSet.compute(application, states, nowMs), readable: true }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const { length } = featureSet.names
    const [values, newestAgeMs] = [new Float64Array(length).fill(Number.NaN), new Float64Array(length).fill(Number.NaN)]
    return { values, newestAgeMs, exact: new Uint8Array(length), truncated: [], readable: false }
  }
}

/** The application’s own event: its id comes from the application, so that a retry counts once. */
export function submittedEvent(application: Application, nowMs: number): AssayEvent {
  const { tenant, applicationId, product, amountMinor, term, refs } = application
  return {
    eventId: `application:${applicationId}`,
    type: 'application.submitted',
    occurredAtMs: nowMs,
    tenant,
    refs,
    data: { applicationId, product, amountMinor, termDays: termDays(term) }
  }
}

interface Assessed extends Scored {
  readonly request: Pick<DecideRequest, 'application' | 'applicationJson' | 'nowMs' | 'next'>
  readonly decisionId: string
  readonly features: MeasuredValues
  readonly exposure: ExposureReading
  readonly rung: Rung
  readonly hasShadow: boolean
}

function composeDecision(assessed: Assessed): { readonly made: Made; readonly answer: Answer } {
  const { request, decisionId, features, rung, hasShadow, exposure, serving, ...scored } = assessed
  const { application, applicationJson, nowMs, next } = request
  const { vector, assessment, scorecard } = scored
  const { values } = features
  const historyTruncated = features.truncated.includes('applicant')
  const known = { application, values, historyTruncated, assessment, evidence: next?.evidence, decisionId, nowMs }
  const byPolicy = decideWithin(serving.decideByPolicy, { ...known, vector, scorecard }, exposure)
  const leftOut = leftOutBy(rung, byPolicy, assessment, hasShadow)
  const verdict = referUnexplained(byPolicy, leftOut)
  const answer = composeAnswer(serving.answerContext, {
    application,
    applicationJson,
    decisionId,
    nowMs,
    verdict,
    features,
    assessment,
    scorecard,
    exposure,
    leftOut,
    evidence: next?.evidence ?? (verdict.nextActions && NO_EVIDENCE),
    place: next && { round: next.round, previousDecisionId: next.previousDecisionId }
  })
  const modelId = serving.answerContext.modelIds.credit
  return {
    made: {
      ...known,
      modelId,
      exposure,
      verdict
    },
    answer
  }
}

async function replay(
  { store, observer }: DecideServiceDeps,
  tenant: string,
  decisionId: string
): Promise<DecideResult> {
  const stored = await store.read(tenant, decisionId)
  if (stored === undefined)
    throw new AssayError('outcome_unknown', 'the decision is not readable yet', { retryAfterSeconds: 1 })
  observer.replayed()
  return { kind: 'decided', answer: stored.answer, outcome: undefined, replay: true }
}

/** The deadline passed before the commit was sent: nothing was decided, and a retry need not wait for the lease. */
async function giveUp(store: DecisionStore, claim: Claim): Promise<never> {
  // Nobody waits for it: if it fails, the lease ends by itself.
  store.release(claim).catch(() => {})
  throw new AssayError('store_unavailable', 'the deadline passed before the decision was made', {
    retryAfterSeconds: 1
  })
}
