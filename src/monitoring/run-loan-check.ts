import type { Redis } from 'ioredis'
import { localDay } from '../domain/calendar.ts'
import { AssayError } from '../errors.ts'
import { loanAsOf } from '../loans/fold-loan.ts'
import type { Loan } from '../loans/loan-schema.ts'
import type { LoanStore, StoredLoan } from '../loans/loan-store.ts'
import type { RecordOutcomes } from '../outcomes/record-outcomes.ts'
import { type Acted, actOnCheck, beginCheck, type CheckContact, finishCheck } from '../redis/check-functions.ts'
import { type Keys, partitionOfText } from '../redis/keys.ts'
import type { EmitWebhook } from '../webhooks/emit.ts'
import {
  brokenContactInvariants,
  type ContactInvariant,
  contactableFromMs,
  contactDate,
  MAX_CONTACTS_A_DAY,
  nextContactDayMs
} from './contact-rules.ts'
import type { ReviewLimitOf } from './limit-reviews.ts'
import { effectNameOf, type LoanAction, type LoanCheckPayload, type LoanJob } from './loan-job.ts'
import type { JobResult } from './queues.ts'

const DAY_MS = 86_400_000
/** Longer than any product’s term: a job that comes back from the dead still finds what it did. */
const REMEMBER_MS = 400 * DAY_MS
/** Longer than a job waits for its next try. */
const FENCE_MS = 7 * DAY_MS
const CONTACTS_MS = 2 * DAY_MS
/** Of a partition: reminders of five days of a million loans, some 130 MB in all, for whoever sends them to be away a weekend. */
const KEEP_NOTICES = 10_000
/** How often a loan is read again because something happened to it meanwhile. */
const MAX_READS = 3
/** What was put off to the same morning is spread over it. */
const SPREAD_MS = 1_920_000
const SPREAD_STEPS = 64

export interface LoanCheckDeps {
  readonly redis: Redis
  readonly keys: Keys
  readonly loans: Pick<LoanStore, 'read'>
  readonly emit: EmitWebhook
  readonly recordOutcomes: RecordOutcomes
  readonly reviewLimit: ReviewLimitOf
  /** Whether the partner wants to hear of loans; without it everybody is told. A false saves the telling and its mark. */
  readonly isTold?: (tenant: string) => Promise<boolean>
  readonly nowMs: () => number
  readonly onBroken: (invariant: ContactInvariant) => void
  /** The oldest notices went, because nobody has taken them. */
  readonly onNoticesLost: (entries: number) => void
}

/** `isRerun`: another worker may have begun the same job; from then on that one may not act any more. */
export type RunLoanCheck = (payload: LoanCheckPayload, isRerun?: boolean) => Promise<JobResult>

/**
 * Runs one check of a loan: reads the loan as it stands, asks the job whether anything is to be done, and does it once. A
 * worker that was blocked past its lock finds that another one began after it; one whose loan has changed reads it again.
 * Whatever contacts a person goes through here, so quiet hours and the budget hold for every job.
 */
export function createRunLoanCheck(deps: LoanCheckDeps, jobs: readonly LoanJob[]): RunLoanCheck {
  const { redis, keys, loans, nowMs } = deps
  const byName = new Map(jobs.map((job) => [job.name, job]))

  const runOnce = async (payload: LoanCheckPayload, takesOver: boolean): Promise<JobResult | 'changed'> => {
    const place = placeOf(keys, payload)
    // One write: whoever reads the loan later has begun later too.
    const [begun, stored] = await Promise.all([
      beginCheck(redis, [place.effect, place.fence], takesOver, FENCE_MS),
      loans.read(payload)
    ])
    if (begun.effect === 'done') return 'already_done'
    const [job, loan] = [byName.get(payload.job), stored && loanAsOf(stored.history, nowMs())]
    if (job === undefined || loan === undefined || stored === undefined) return 'obsolete'
    const check = job.checks(loan).find(({ kind, dueDate }) => kind === payload.kind && dueDate === payload.dueDate)
    if (check === undefined || check.untilMs <= loan.asOfMs) return 'obsolete'
    if (check.atMs > loan.asOfMs) return { postponeMs: check.atMs - loan.asOfMs }
    const action = await withoutAlertToNobody(deps, payload.tenant, job.act(loan, check, stored.history))
    if (begun.effect === 'none') {
      const waitMs = action.isContact === true ? quietMs(payload, loan, deps.nowMs()) : 0
      if (waitMs > 0) return { postponeMs: waitMs }
      const told = await tell({ ...deps, place, fence: begun.fence }, payload, action, loan, stored)
      if (told === 'no_contact_left')
        return { postponeMs: spread(payload, nextContactDayMs(nowMs(), loan.utcOffsetMinutes) - nowMs()) }
      if (told !== 'done') return told
    }
    await follow(deps, payload, action, loan)
    if (isFollowed(action)) await finishCheck(redis, place.effect)
    return 'done'
  }

  return async (payload, isRerun = false) => {
    for (let reads = 0; reads < MAX_READS; reads++) {
      const result = await runOnce(payload, isRerun && reads === 0)
      if (result !== 'changed') return result
    }
    return 'retry'
  }
}

interface Place {
  readonly partition: number
  readonly effect: string
  readonly fence: string
  readonly loan: string
  readonly notices: string
}

function placeOf(keys: Keys, payload: LoanCheckPayload): Place {
  const partition = partitionOfText(payload.applicantToken)
  const name = effectNameOf(payload)
  return {
    partition,
    effect: keys.effect(partition, name),
    fence: keys.fence(partition, name),
    loan: keys.loan(partition, payload.tenant, payload.loanId),
    notices: keys.notices(partition)
  }
}

interface Telling extends LoanCheckDeps {
  readonly place: Place
  readonly fence: number
}

async function tell(
  { redis, keys, nowMs, onBroken, onNoticesLost, place, fence }: Telling,
  { tenant, applicantToken }: LoanCheckPayload,
  action: LoanAction,
  { utcOffsetMinutes }: Loan,
  stored: StoredLoan
): Promise<Acted> {
  const sentAtMs = nowMs()
  const contact: CheckContact | undefined =
    action.isContact === true
      ? {
          key: keys.contacts(place.partition, tenant, applicantToken, contactDate(sentAtMs, utcOffsetMinutes)),
          most: MAX_CONTACTS_A_DAY,
          toldOf: contactsToldOf(stored, sentAtMs, utcOffsetMinutes),
          keepMs: CONTACTS_MS
        }
      : undefined
  const { acted, contacts, trimmed } = await actOnCheck(redis, {
    keys: [place.effect, place.fence, place.loan, place.notices],
    fence,
    version: stored.version,
    isFollowed: isFollowed(action),
    keepMs: REMEMBER_MS,
    entry: action.notice === undefined ? undefined : JSON.stringify({ ...action.notice, tenant }),
    keepEntries: KEEP_NOTICES,
    contact
  })
  if (trimmed > 0) onNoticesLost(trimmed)
  if (acted === 'done' && contact !== undefined)
    for (const invariant of brokenContactInvariants(sentAtMs, utcOffsetMinutes, contacts)) onBroken(invariant)
  return acted
}

/** What others told a person, by the loan’s own events of that day. */
function contactsToldOf({ history }: StoredLoan, nowMs: number, utcOffsetMinutes: number): number {
  const today = localDay(nowMs, utcOffsetMinutes)
  return history.events.filter(
    ({ type, occurredAtMs }) =>
      type === 'collection.contacted' && occurredAtMs <= nowMs && localDay(occurredAtMs, utcOffsetMinutes) === today
  ).length
}

async function withoutAlertToNobody(
  { isTold }: LoanCheckDeps,
  tenant: string,
  action: LoanAction
): Promise<LoanAction> {
  if (action.alert === undefined || isTold === undefined || (await isTold(tenant))) return action
  const { alert: _, ...rest } = action
  return rest
}

function isFollowed({ alert, outcome, reviewsLimit }: LoanAction): boolean {
  return alert !== undefined || outcome !== undefined || reviewsLimit === true
}

/** What is told elsewhere. Each is idempotent by itself: a run that died in between does it again. */
async function follow(
  { emit, recordOutcomes, reviewLimit, nowMs }: LoanCheckDeps,
  payload: LoanCheckPayload,
  { alert, outcome, reviewsLimit }: LoanAction,
  { loanId }: Loan
): Promise<void> {
  const { tenant, applicantToken } = payload
  if (reviewsLimit === true) await reviewLimit({ tenant, applicantToken })
  if (alert !== undefined)
    await emit({
      tenant,
      type: 'loan.alert',
      aggregateId: loanId,
      dedupeKey: effectNameOf(payload).replaceAll('+', '~'),
      occurredAtMs: nowMs(),
      data: alert
    })
  if (outcome === undefined) return
  const [result] = await recordOutcomes(tenant, [outcome])
  if (result === undefined) throw new AssayError('internal_error', 'an outcome came to nothing')
}

function quietMs(payload: LoanCheckPayload, { utcOffsetMinutes }: Loan, nowMs: number): number {
  const fromMs = contactableFromMs(nowMs, utcOffsetMinutes)
  return fromMs === nowMs ? 0 : spread(payload, fromMs - nowMs)
}

function spread(payload: LoanCheckPayload, waitMs: number): number {
  return waitMs + (partitionOfText(effectNameOf(payload)) * SPREAD_MS) / SPREAD_STEPS
}
