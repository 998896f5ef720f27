import fastify, { type FastifyInstance } from 'fastify'
import type { PartnerKeys } from '../access/partner-keys.ts'
import type { Clock } from '../clock.ts'
import type { DecideService } from '../decisions/decide.ts'
import type { DecisionStore } from '../decisions/store.ts'
import { DecisionRequestSchema } from '../domain/application.ts'
import { DecisionSchema } from '../domain/decision.ts'
import { EventInputSchema } from '../domain/event.ts'
import type { Edge } from '../edge/edge.ts'
import { parseStrictJson } from '../edge/strict-json.ts'
import type { ExplainService } from '../explanation/explain.ts'
import { ExplanationSchema } from '../explanation/schema.ts'
import type { BehaviourStore } from '../features/behaviour-store.ts'
import type { FeatureSet } from '../features/vector.ts'
import { LoanSchema } from '../loans/loan-schema.ts'
import type { LoanStore } from '../loans/loan-store.ts'
import { createIsPaidOut } from '../loans/paid-out.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Lender } from '../notices/lenders.ts'
import { NoticeSchema } from '../notices/notice.ts'
import type { RecordOutcomes } from '../outcomes/record-outcomes.ts'
import type { FinishReview } from '../reviews/finish-review.ts'
import type { GiveEvidence } from '../reviews/give-evidence.ts'
import { ReviewSchema } from '../reviews/review.ts'
import type { ReviewQueue } from '../reviews/review-queue.ts'
import type { ReviewStore } from '../reviews/store.ts'
import type { Deliveries } from '../webhooks/redis-deliveries.ts'
import { installErrorHandler } from './error-handler.ts'
import { admission } from './plugins/admission.ts'
import { authentication } from './plugins/authentication.ts'
import { deadline } from './plugins/deadline.ts'
import { openapi } from './plugins/openapi.ts'
import { requestMetrics } from './plugins/request-metrics.ts'
import { ProblemSchema } from './problem.ts'
import { cancellationRoutes } from './routes/cancellation.ts'
import { decisionRoutes } from './routes/decisions.ts'
import { eventRoutes } from './routes/events.ts'
import { evidenceRoutes } from './routes/evidence.ts'
import { explanationRoutes } from './routes/explanation.ts'
import { featureRoutes } from './routes/features.ts'
import { healthRoutes } from './routes/health.ts'
import { loanRoutes } from './routes/loans.ts'
import { noticeRoutes } from './routes/notices.ts'
import { outcomeRoutes } from './routes/outcomes.ts'
import { reviewRoutes } from './routes/reviews.ts'
import { webhookRoutes } from './routes/webhooks.ts'

export interface AppDeps {
  readonly decide: DecideService
  readonly store: DecisionStore
  readonly explain: ExplainService
  readonly recordOutcomes: RecordOutcomes
  readonly loans: LoanStore
  readonly webhooks: Pick<Deliveries, 'listDead' | 'resend'>
  readonly lenderOf: (tenant: string) => Lender
  readonly reviewQueue: ReviewQueue
  readonly finishReview: FinishReview
  readonly giveEvidence: GiveEvidence
  readonly rounds: ReviewStore['rounds']
  readonly behaviour: BehaviourStore
  readonly featureSet: FeatureSet
  readonly partnerKeys: PartnerKeys
  readonly edge: Edge
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Logger
  /** Whether a partner has sent an Idempotency-Key before: then it is let in when others are not. */
  readonly isReplay: (tenant: string, idempotencyKey: string) => Promise<boolean>
  /** What a decision takes at least just now. */
  readonly leastMs: (nowMs: number) => number
  /** Whether so many events wait that no more are taken for now. */
  readonly isBacklogged: () => boolean
  /** What keeps the service from deciding; empty when ready. */
  readonly notReady: () => readonly string[]
}

export interface AppOptions {
  readonly version: string
  readonly deadlineMs: number
  readonly maxInFlight: number
  readonly maxBurst: number
  readonly allowAsOf: boolean
  readonly docsPage: boolean
}

const BODY_LIMIT_BYTES = 64 * 1024
/** A client that sends slower than this is cut off; Fastify’s default waits for ever (reliability reference, H1). */
const REQUEST_TIMEOUT_MS = 5000

/** The HTTP application: its parts, one a line. Does not listen. */
export async function buildApp(deps: AppDeps, options: AppOptions): Promise<FastifyInstance> {
  const { clock, metrics, edge } = deps
  const app = fastify({
    // A decision is in the ledger, a fault is logged by the error handler: a line and a child logger a request would only
    // cost time and risk what they quote.
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    http: { connectionsCheckingInterval: 1000 },
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: true } }
  })
  // Decisions are answered with bytes that were made once. For the rest JSON.stringify will do: a serialiser of each response
  // schema takes 130 ms of every start, and drops in silence what its schema does not name.
  app.setSerializerCompiler(() => JSON.stringify)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseStrictJson(body as string))
    } catch (error) {
      done(error as Error)
    }
  })
  const schemas = [
    DecisionRequestSchema,
    DecisionSchema,
    ExplanationSchema,
    EventInputSchema,
    LoanSchema,
    ProblemSchema,
    ReviewSchema,
    NoticeSchema
  ]
  for (const schema of schemas) app.addSchema(schema)

  const errors = metrics.counter('credit_decision_errors_total')
  const shed = metrics.counter('credit_requests_shed_total')
  installErrorHandler(app, { log: deps.log, onError: (route, kind) => errors.inc({ stage: route, kind }) })
  await app.register(deadline, { clock, deadlineMs: options.deadlineMs })
  await app.register(authentication, { partnerKeys: deps.partnerKeys, clock })
  await app.register(admission, {
    maxInFlight: options.maxInFlight,
    maxBurst: options.maxBurst,
    deadlineMs: options.deadlineMs,
    clock,
    leastMs: deps.leastMs,
    isReplay: deps.isReplay,
    onShed: (route, reason) => shed.inc({ route, reason })
  })
  await app.register(requestMetrics, { metrics })
  await app.register(openapi, { version: options.version, page: options.docsPage })
  await app.register(healthRoutes, { notReady: deps.notReady })
  await app.register(featureRoutes, { featureSet: deps.featureSet })
  await app.register(decisionRoutes, {
    decide: deps.decide,
    store: deps.store,
    rounds: deps.rounds,
    edge,
    clock,
    allowAsOf: options.allowAsOf,
    onConflict: () => metrics.counter('credit_idempotency_conflicts_total').inc({ endpoint: 'decisions' })
  })
  await app.register(loanRoutes, { loans: deps.loans, edge, clock })
  await app.register(cancellationRoutes, {
    store: deps.store,
    behaviour: deps.behaviour,
    isPaidOut: createIsPaidOut(deps.loans),
    clock
  })
  await app.register(explanationRoutes, { explain: deps.explain })
  await app.register(noticeRoutes, { store: deps.store, lenderOf: deps.lenderOf })
  await app.register(reviewRoutes, { queue: deps.reviewQueue, finish: deps.finishReview })
  await app.register(evidenceRoutes, { giveEvidence: deps.giveEvidence, clock })
  await app.register(eventRoutes, {
    behaviour: deps.behaviour,
    edge,
    clock,
    isBacklogged: deps.isBacklogged,
    onEvents: (type, outcome) => metrics.counter('credit_events_total').inc({ type, outcome })
  })
  await app.register(outcomeRoutes, {
    recordOutcomes: deps.recordOutcomes,
    clock,
    onResult: (result) => metrics.counter('credit_outcomes_total').inc({ result })
  })
  await app.register(webhookRoutes, { deliveries: deps.webhooks })
  return app
}
