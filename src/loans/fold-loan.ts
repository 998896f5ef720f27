import { isoDate, localDay } from '../domain/calendar.ts'
import type { LoanEvent } from '../domain/loan-event.ts'
import {
  applyEvent,
  daysLateOf,
  type LoanAccount,
  type LoanDefaults,
  openAccount,
  type Promised,
  unpaidPrincipalMinor,
  worstDaysOf
} from './account.ts'
import { bucketOf } from './buckets.ts'
import type { Loan, LoanInstalment, LoanState, LoanWarning, PROMISE_STATES } from './loan-schema.ts'
import { stageOf } from './stage.ts'

/** The events of one loan, each once, in order of time. A loan is nothing else: how it stands follows from them and an instant. */
export interface LoanHistory {
  readonly events: readonly LoanEvent[]
  readonly defaults: LoanDefaults
}

/**
 * Folds the events of one loan. Their order and repeats change nothing. Of events that share an id the earliest counts; of those
 * at one time too, the one whose text comes first.
 */
export function foldLoan(events: Iterable<LoanEvent>, defaults: LoanDefaults): LoanHistory {
  const byId = new Map<string, LoanEvent>()
  for (const event of events) {
    const known = byId.get(event.eventId)
    if (known === undefined || isBefore(event, known)) byId.set(event.eventId, event)
  }
  return { events: [...byId.values()].toSorted(byTime), defaults }
}

/**
 * The loan as it stood at `nowMs`: what happened later is not in it, so a late job or a clock that jumps finds what it should
 * have found. Undefined before it was paid out, and for events that tell of no disbursal.
 */
export function loanAsOf({ events, defaults }: LoanHistory, nowMs: number): Loan | undefined {
  const past = events.filter(({ occurredAtMs }) => occurredAtMs <= nowMs)
  const disbursal = past.find((event) => event.type === 'loan.disbursed')
  if (disbursal === undefined) return undefined
  const account = openAccount(disbursal, defaults)
  for (const event of past) applyEvent(account, event)
  return toLoan(account, past.length, nowMs)
}

function byTime(left: LoanEvent, right: LoanEvent): number {
  return left.occurredAtMs - right.occurredAtMs || (left.eventId < right.eventId ? -1 : 1)
}

function isBefore(left: LoanEvent, right: LoanEvent): boolean {
  return (left.occurredAtMs - right.occurredAtMs || (textOf(left) < textOf(right) ? -1 : 1)) < 0
}

function textOf({ type, data }: LoanEvent): string {
  return JSON.stringify([type, Object.entries(data).toSorted(([left], [right]) => (left < right ? -1 : 1))])
}

function toLoan(account: LoanAccount, events: number, nowMs: number): Loan {
  const { terms, plan, utcOffsetMinutes, graceDays } = account
  const today = localDay(nowMs, utcOffsetMinutes)
  const state = stateOf(account)
  const isOver = state === 'closed' || state === 'recovered'
  const owesNothing = isOver || state === 'written_off'
  const warnings = [...account.warnings.values()].filter((warning) => isInForce(warning, nowMs))
  const schedule = scheduleOf(account, nowMs)
  const unpaid = (rows: readonly LoanInstalment[]): number =>
    rows.reduce(
      (sum, { principalMinor, interestMinor, paidMinor }) => sum + principalMinor + interestMinor - paidMinor,
      0
    )
  const oldest = schedule.find(({ paidAtMs }) => paidAtMs === null)
  const daysPastDue = isOver ? 0 : (oldest?.daysLate ?? 0)
  return {
    loanId: terms.loanId,
    asOfMs: nowMs,
    state,
    disbursedAtMs: account.disbursedAtMs,
    principalMinor: terms.principalMinor ?? principalOf(terms.schedule),
    currency: terms.currency ?? null,
    product: terms.product ?? null,
    channel: terms.channel ?? null,
    band: terms.band ?? null,
    decisionId: terms.decisionId ?? null,
    offerId: terms.offerId ?? null,
    utcOffsetMinutes,
    graceDays,
    isPlanTold: plan.isTold,
    schedule,
    paidMinor: Math.max(
      0,
      account.cash.reduce((sum, { amountMinor }) => sum + amountMinor, 0)
    ),
    balanceMinor: owesNothing ? 0 : unpaidPrincipalMinor(account),
    owedMinor: owesNothing ? 0 : unpaid(schedule),
    overdueMinor: owesNothing ? 0 : unpaid(schedule.filter((_, index) => (plan.rows[index]?.dueDay ?? today) < today)),
    daysPastDue,
    worstDaysPastDue: worstDaysOf(account, nowMs),
    bucket: bucketOf(daysPastDue),
    stage: stageOf(account, daysPastDue, warnings, nowMs),
    warnings,
    promises: account.promises.map((promised) => toPromise(account, promised, nowMs)),
    failedDebits: account.failedDebits,
    lastFailedDebitAtMs: account.lastFailedDebitAtMs ?? null,
    restructurings: account.restructurings,
    closedAtMs: account.closedAtMs ?? null,
    writtenOffAtMs: account.writtenOffAtMs ?? null,
    writtenOffMinor: account.writtenOffMinor,
    recoveredMinor: account.recoveredMinor,
    events
  }
}

function stateOf({
  closedAtMs,
  writtenOffAtMs,
  writtenOffMinor,
  recoveredMinor,
  restructurings
}: LoanAccount): LoanState {
  if (writtenOffAtMs !== undefined)
    return closedAtMs !== undefined || recoveredMinor >= writtenOffMinor ? 'recovered' : 'written_off'
  if (closedAtMs !== undefined) return 'closed'
  return restructurings > 0 ? 'restructured' : 'active'
}

function scheduleOf(account: LoanAccount, nowMs: number): LoanInstalment[] {
  let left = account.plan.paidMinor()
  return account.plan.rows.map(({ no, dueDay, principalMinor, interestMinor }, index) => {
    const paidMinor = Math.min(left, principalMinor + interestMinor)
    left -= paidMinor
    return {
      no,
      dueDate: isoDate(dueDay),
      principalMinor,
      interestMinor,
      paidMinor,
      paidAtMs: account.plan.coveredAtMs(index) ?? null,
      daysLate: daysLateOf(account, index, nowMs)
    }
  })
}

function principalOf(schedule: LoanAccount['terms']['schedule']): number | null {
  return schedule?.reduce((sum, { principalMinor }) => sum + principalMinor, 0) ?? null
}

function toPromise(account: LoanAccount, promised: Promised, nowMs: number): Loan['promises'][number] {
  const { promiseId, madeAtMs, dueDay, promisedMinor } = promised
  const paid = account.cash.filter(({ atMs }) => atMs > madeAtMs && localDay(atMs, account.utcOffsetMinutes) <= dueDay)
  const paidMinor = paid.reduce((sum, { amountMinor }) => sum + amountMinor, 0)
  const isKept = paid.length > 0 && paidMinor >= (promisedMinor ?? 1)
  const state: (typeof PROMISE_STATES)[number] = isKept
    ? 'kept'
    : localDay(nowMs, account.utcOffsetMinutes) > dueDay
      ? 'broken'
      : 'open'
  return { promiseId, madeAtMs, dueDate: isoDate(dueDay), promisedMinor: promisedMinor ?? null, state }
}

function isInForce({ level, expiresAtMs }: LoanWarning, nowMs: number): boolean {
  return level !== 'none' && (expiresAtMs === null || expiresAtMs > nowMs)
}
