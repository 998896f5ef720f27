import { dayOfDate, localDay } from '../domain/calendar.ts'
import type { LoanEvent, LoanEventData } from '../domain/loan-event.ts'
import type { LoanWarning } from './loan-schema.ts'
import { createPlan, type Plan, type PlanRow } from './plan.ts'

/** What a loan’s events leave open. */
export interface LoanDefaults {
  readonly utcOffsetMinutes: number
  readonly graceDays: number
}

export interface Promised {
  readonly promiseId: string
  readonly madeAtMs: number
  readonly dueDay: number
  readonly promisedMinor: number | undefined
}

/** A loan while its events are gone through in order of time. */
export interface LoanAccount {
  readonly disbursedAtMs: number
  readonly terms: LoanEventData<'loan.disbursed'>
  readonly utcOffsetMinutes: number
  readonly graceDays: number
  readonly promises: Promised[]
  /** By rule, withdrawn ones as well. */
  readonly warnings: Map<string, LoanWarning>
  /** Signed: what was taken back is below zero. */
  readonly cash: { readonly atMs: number; readonly amountMinor: number }[]
  plan: Plan
  failedDebits: number
  lastFailedDebitAtMs: number | undefined
  restructurings: number
  /** When the plan was last replaced. */
  forborneAtMs: number | undefined
  /** Days past due of plans that were replaced: the most of any, and when it was last above the limit of stage 3. */
  earlierWorstDays: number
  impairedAtMs: number | undefined
  closedAtMs: number | undefined
  writtenOffAtMs: number | undefined
  writtenOffMinor: number
  recoveredMinor: number
}

/** From more days past due than this a loan is credit-impaired (IFRS 9 B5.5.37). */
export const IMPAIRED_DAYS = 90
const DAY_MS = 86_400_000

export function openAccount(
  { occurredAtMs, data }: Extract<LoanEvent, { type: 'loan.disbursed' }>,
  defaults: LoanDefaults
): LoanAccount {
  const utcOffsetMinutes = data.utcOffsetMinutes ?? defaults.utcOffsetMinutes
  const rows = data.schedule === undefined ? [untoldRow(data, occurredAtMs, utcOffsetMinutes)] : rowsOf(data.schedule)
  return {
    disbursedAtMs: occurredAtMs,
    terms: data,
    utcOffsetMinutes,
    graceDays: data.graceDays ?? defaults.graceDays,
    promises: [],
    warnings: new Map(),
    cash: [],
    plan: createPlan(rows, data.schedule !== undefined, occurredAtMs),
    failedDebits: 0,
    lastFailedDebitAtMs: undefined,
    restructurings: 0,
    forborneAtMs: undefined,
    earlierWorstDays: 0,
    impairedAtMs: undefined,
    closedAtMs: undefined,
    writtenOffAtMs: undefined,
    writtenOffMinor: 0,
    recoveredMinor: 0
  }
}

/** Goes one event further; events must come in order of time. */
export function applyEvent(account: LoanAccount, { eventId, type, occurredAtMs, data }: LoanEvent): void {
  switch (type) {
    case 'loan.disbursed':
      // A loan is paid out once: the first one counts.
      return
    case 'repayment.received':
      receive(account, occurredAtMs, data)
      return
    case 'loan.recovered':
      recover(account, occurredAtMs, data.amountMinor)
      return
    case 'repayment.returned':
      takeBack(account, occurredAtMs, data.amountMinor)
      return
    case 'repayment.failed':
      account.failedDebits++
      account.lastFailedDebitAtMs = occurredAtMs
      return
    case 'loan.restructured':
      restructure(account, occurredAtMs, data.schedule)
      return
    case 'loan.closed':
      account.plan.cover(occurredAtMs)
      account.closedAtMs = occurredAtMs
      return
    case 'loan.written_off':
      writeOff(account, occurredAtMs, data.amountMinor)
      return
    case 'loan.warned': {
      const { rule, ruleVersion = null, level, expiresAtMs = null, evidence = {} } = data
      const known = account.warnings.get(rule)
      const isAgain = known?.level === level && (known.expiresAtMs === null || known.expiresAtMs > occurredAtMs)
      const raisedAtMs = isAgain ? known.raisedAtMs : occurredAtMs
      account.warnings.set(rule, { rule, ruleVersion, level, raisedAtMs, expiresAtMs, evidence })
      return
    }
    case 'collection.contacted':
      if (data.result !== 'promised') return
      account.promises.push({
        promiseId: eventId,
        madeAtMs: occurredAtMs,
        dueDay: localDay(data.promisedForMs ?? occurredAtMs, account.utcOffsetMinutes),
        promisedMinor: data.promisedMinor
      })
      return
  }
}

/** Days past due of one instalment: when it was paid, or by `nowMs`; none within the grace. */
export function daysLateOf(account: LoanAccount, index: number, nowMs: number): number {
  const { plan, utcOffsetMinutes, graceDays } = account
  const days = localDay(plan.coveredAtMs(index) ?? nowMs, utcOffsetMinutes) - (plan.rows[index] as PlanRow).dueDay
  return days > graceDays ? days : 0
}

/** When an instalment was last past due for longer than the limit of stage 3: when that one was paid, or `nowMs`. */
export function lastImpairedAtMs(account: LoanAccount, nowMs: number): number | undefined {
  return account.plan.rows.reduce<number | undefined>((latest, _, index) => {
    if (daysLateOf(account, index, nowMs) <= IMPAIRED_DAYS) return latest
    return Math.max(latest ?? 0, account.plan.coveredAtMs(index) ?? nowMs)
  }, account.impairedAtMs)
}

/** The most days past due that any instalment ever had. */
export function worstDaysOf(account: LoanAccount, nowMs: number): number {
  const late = account.plan.rows.map((_, index) => daysLateOf(account, index, nowMs))
  return Math.max(account.earlierWorstDays, ...late)
}

/** Principal that is not paid: of each instalment, payments cover the interest first. */
export function unpaidPrincipalMinor({ plan }: LoanAccount): number {
  let left = plan.paidMinor()
  let unpaid = 0
  for (const { principalMinor, interestMinor } of plan.rows) {
    left -= Math.min(left, interestMinor)
    const paid = Math.min(left, principalMinor)
    left -= paid
    unpaid += principalMinor - paid
  }
  return unpaid
}

function receive(account: LoanAccount, atMs: number, data: LoanEventData<'repayment.received'>): void {
  const { amountMinor, instalmentNo, kind } = data
  if (account.writtenOffAtMs !== undefined) {
    recover(account, atMs, amountMinor ?? 0)
    return
  }
  const before = account.plan.paidMinor()
  account.plan.pay({ atMs, amountMinor, instalmentNo, kind })
  account.cash.push({ atMs, amountMinor: amountMinor ?? account.plan.paidMinor() - before })
}

function recover(account: LoanAccount, atMs: number, amountMinor: number): void {
  account.cash.push({ atMs, amountMinor })
  if (account.writtenOffAtMs !== undefined) account.recoveredMinor += amountMinor
  // Told of a loan that nobody has given up, it is a payment like any other.
  else account.plan.pay({ atMs, amountMinor, instalmentNo: 1, kind: undefined })
}

function takeBack(account: LoanAccount, atMs: number, amountMinor: number): void {
  account.cash.push({ atMs, amountMinor: -amountMinor })
  if (account.writtenOffAtMs !== undefined) {
    account.recoveredMinor = Math.max(0, account.recoveredMinor - amountMinor)
    return
  }
  // What the payer’s bank takes back after the closing is owed again.
  account.closedAtMs = undefined
  account.plan.takeBack(amountMinor, atMs)
}

function restructure(account: LoanAccount, atMs: number, schedule: readonly ScheduleRow[]): void {
  if (account.closedAtMs !== undefined || account.writtenOffAtMs !== undefined) return
  account.earlierWorstDays = worstDaysOf(account, atMs)
  account.impairedAtMs = lastImpairedAtMs(account, atMs)
  account.restructurings++
  account.forborneAtMs = atMs
  account.plan = createPlan(rowsOf(schedule), true, atMs)
}

function writeOff(account: LoanAccount, atMs: number, amountMinor: number | undefined): void {
  if (account.writtenOffAtMs !== undefined) return
  account.writtenOffMinor = amountMinor ?? unpaidPrincipalMinor(account)
  account.writtenOffAtMs = atMs
}

type ScheduleRow = NonNullable<LoanEventData<'loan.disbursed'>['schedule']>[number]

function rowsOf(schedule: readonly ScheduleRow[]): PlanRow[] {
  const rows = schedule.map(({ dueDate, ...row }) => ({ ...row, dueDay: dayOfDate(dueDate) }))
  return rows.toSorted((left, right) => left.dueDay - right.dueDay).map((row, index) => ({ ...row, no: index + 1 }))
}

/** Without a schedule a loan is one instalment of its principal at the end of its term. */
function untoldRow(
  { principalMinor = 0, dueAtMs, termDays }: LoanEventData<'loan.disbursed'>,
  disbursedAtMs: number,
  utcOffsetMinutes: number
): PlanRow {
  const dueDay = localDay(dueAtMs ?? disbursedAtMs + termDays * DAY_MS, utcOffsetMinutes)
  return { no: 1, dueDay, principalMinor, interestMinor: 0 }
}
