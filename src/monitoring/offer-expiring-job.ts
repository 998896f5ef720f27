import type { Queue } from 'bullmq'
import { type Static, Type } from 'typebox'
import { readStoredDecision } from '../decisions/record.ts'
import type { DecisionStore } from '../decisions/store.ts'
import type { Decision } from '../domain/decision.ts'
import { DecisionIdSchema, TenantSchema } from '../domain/ids.ts'
import { AssayError } from '../errors.ts'
import type { EmitWebhook } from '../webhooks/emit.ts'
import { type Endpoint, isTold } from '../webhooks/redis-endpoints.ts'
import type { IsOfferOpen } from './open-offers.ts'
import type { JobResult } from './queues.ts'

/** Enough of a day to reach the borrower before the offers end. */
const WARN_BEFORE_MS = 6 * 3_600_000

export const OfferExpiringSchema = Type.Object(
  { decisionId: DecisionIdSchema, tenant: TenantSchema },
  { additionalProperties: false }
)
export type OfferExpiring = Static<typeof OfferExpiringSchema>

export function offerExpiringJobId({ decisionId }: OfferExpiring): string {
  return `exp_${decisionId}`
}

/** Says when an approval is to be looked at next, whatever becomes of its job; undefined for never. */
export type SettleOffers = (approval: OfferExpiring, nextAtMs: number | undefined) => Promise<void>

export interface OfferWatchDeps {
  readonly queue: Pick<Queue<OfferExpiring>, 'add'>
  readonly endpointsOf: (tenant: string) => Promise<readonly Endpoint[]>
  readonly settle: SettleOffers
  readonly nowMs: () => number
}

/**
 * Plans the warning that the offers of an approval end, where somebody wants to hear it. Planned again it changes nothing:
 * its id is the decision’s.
 */
export function createOfferWatch({ queue, endpointsOf, settle, nowMs }: OfferWatchDeps) {
  return async ({ decisionId, validUntil }: Decision, tenant: string): Promise<void> => {
    const payload = { decisionId, tenant }
    const isWanted =
      validUntil !== null && (await endpointsOf(tenant)).some((endpoint) => isTold(endpoint, 'offer.expiring'))
    if (!isWanted) return settle(payload, undefined)
    const warnAtMs = Date.parse(validUntil) - WARN_BEFORE_MS
    await settle(payload, warnAtMs)
    const delay = Math.max(0, warnAtMs - nowMs())
    await queue.add('expiring', payload, { jobId: offerExpiringJobId(payload), delay })
  }
}

export interface OfferExpiringDeps {
  readonly store: Pick<DecisionStore, 'read'>
  readonly emit: EmitWebhook
  readonly isOpen: IsOfferOpen
  readonly settle: SettleOffers
  readonly nowMs: () => number
}

/**
 * Tells the partner once that offers nobody has taken end soon. The job is a hint: what is stored decides, also that it comes too
 * early.
 */
export function createOfferExpiringJob(deps: OfferExpiringDeps) {
  const warn = createWarning(deps)
  return async (payload: OfferExpiring): Promise<JobResult> => {
    const result = await warn(payload)
    const nextAtMs = typeof result === 'object' ? deps.nowMs() + result.postponeMs : undefined
    await deps.settle(payload, nextAtMs)
    return result
  }
}

function createWarning({ store, emit, isOpen, nowMs }: OfferExpiringDeps) {
  return async ({ decisionId, tenant }: OfferExpiring): Promise<JobResult> => {
    const stored = await store.read(tenant, decisionId)
    if (stored === undefined) return 'obsolete'
    const checked = readStoredDecision(stored)
    if (!checked.ok)
      throw new AssayError('internal_error', 'a stored decision is not one', { problems: checked.problems })
    const { decision, record } = checked.value
    const { applicationId, validUntil } = decision
    if (validUntil === null || Date.parse(validUntil) <= nowMs()) return 'obsolete'
    const earlyMs = Date.parse(validUntil) - WARN_BEFORE_MS - nowMs()
    if (earlyMs > 0) return { postponeMs: earlyMs }
    const offers = { tenant, decisionId, applicant: record.application.refs.applicant }
    if (!(await isOpen(offers))) return 'obsolete'
    await emit({
      tenant,
      type: 'offer.expiring',
      aggregateId: decisionId,
      dedupeKey: `${decisionId}:${validUntil}`,
      occurredAtMs: nowMs(),
      data: { decisionId, applicationId, validUntil }
    })
    return 'done'
  }
}
