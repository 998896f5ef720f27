import { localDay } from '../domain/calendar.ts'
import { STEP_UP_REASON, type Standing } from '../domain/standing.ts'
import type { Loan } from '../loans/loan-schema.ts'

const DAY_MS = 86_400_000
/** After a change, no other but a freeze for this long: a limit that goes up and down helps nobody. */
const COOL_OFF_MS = 30 * DAY_MS
/** What nobody reviews again ends by itself. */
const STANDS_MS = 400 * DAY_MS
/** Instalments in a row, of all loans of a person, that must be paid in time before a limit is raised. */
const RAISE_AFTER = 6
/** From these many days past due. Given back only once nothing is past due: in between nothing changes. */
export const REDUCE_DAYS = 8
export const FREEZE_DAYS = 31
/** One step down, and up: what a reduction leaves of the limit. */
const STEP = 0.5
const LEAST_FACTOR = 0.25

const LIMIT_ACTIONS = ['raise', 'keep', 'reduce', 'freeze'] as const
export type LimitAction = (typeof LIMIT_ACTIONS)[number]

export interface LimitReview {
  readonly action: LimitAction
  /** Undefined where the policy alone says what is granted. */
  readonly standing: Standing | undefined
  /** Codes of what led to it. */
  readonly reasons: readonly string[]
}

/**
 * Reviews the limit of a person by all loans of theirs, as they stand. Pure.
 *
 * Freezes from 31 days past due, when a loan was given up, or at a red warning; reduces by half from 8 days, after two failed
 * debits, or at an orange one, down to a quarter. Both hold at once. A raise gives back one step, never more than the policy grants:
 * after 30 days without a change, with nothing past due and no warning, and six instalments in a row paid in time.
 */
export function reviewLimit(loans: readonly Loan[], standing: Standing | undefined, nowMs: number): LimitReview {
  const current = standing !== undefined && standing.untilMs > nowMs ? standing : undefined
  const [freezes, reduces] = [freezeReasons(loans), reduceReasons(loans)]
  const factor = current?.limitFactor ?? 1
  const stands = (state: Standing['state'], limitFactor: number, reasons: readonly string[]): Standing => ({
    state,
    limitFactor,
    sinceMs: nowMs,
    untilMs: nowMs + STANDS_MS,
    reasons: [...reasons]
  })
  if (freezes.length > 0) {
    if (current?.state === 'frozen') return { action: 'keep', standing: current, reasons: freezes }
    return { action: 'freeze', standing: stands('frozen', factor, freezes), reasons: freezes }
  }
  if (reduces.length > 0) {
    const isSettled = current !== undefined && nowMs - current.sinceMs < COOL_OFF_MS
    if (isSettled || current?.state === 'frozen' || factor <= LEAST_FACTOR)
      return { action: 'keep', standing: current, reasons: reduces }
    const less = Math.max(LEAST_FACTOR, factor * STEP)
    return { action: 'reduce', standing: stands('reduced', less, reduces), reasons: reduces }
  }
  if (
    current === undefined ||
    nowMs - current.sinceMs < COOL_OFF_MS ||
    !isClean(loans) ||
    inTimeOf(loans) < RAISE_AFTER
  )
    return { action: 'keep', standing: current, reasons: [] }
  const reasons = ['paid_in_time']
  if (current.state === 'frozen')
    return { action: 'raise', standing: stands('reduced', Math.min(factor, STEP), reasons), reasons }
  const more = factor / STEP
  return { action: 'raise', standing: more >= 1 ? undefined : stands('reduced', more, reasons), reasons }
}

function freezeReasons(loans: readonly Loan[]): string[] {
  const reasons: string[] = []
  if (loans.some(({ daysPastDue }) => daysPastDue >= FREEZE_DAYS)) reasons.push('days_past_due')
  if (loans.some(({ state }) => state === 'written_off')) reasons.push('written_off')
  if (hasWarning(loans, ['red'])) reasons.push('warning_red')
  return reasons
}

function reduceReasons(loans: readonly Loan[]): string[] {
  const reasons: string[] = []
  if (loans.some(({ daysPastDue }) => daysPastDue >= REDUCE_DAYS)) reasons.push('days_past_due')
  if (loans.some(({ failedDebits, overdueMinor }) => failedDebits >= 2 && overdueMinor > 0))
    reasons.push('failed_debits')
  if (hasWarning(loans, ['orange'])) reasons.push(STEP_UP_REASON)
  return reasons
}

function hasWarning(loans: readonly Loan[], levels: readonly string[]): boolean {
  return loans.some(({ warnings }) => warnings.some(({ level }) => levels.includes(level)))
}

function isClean(loans: readonly Loan[]): boolean {
  return loans.every(
    ({ daysPastDue, warnings }) => daysPastDue === 0 && warnings.every(({ level }) => level === 'none')
  )
}

/** Instalments that fell due up to now and were paid in time, from the newest back to the first that was not. */
function inTimeOf(loans: readonly Loan[]): number {
  const due = loans
    .flatMap(({ schedule, asOfMs, utcOffsetMinutes }) =>
      schedule.filter(
        ({ dueDate, paidAtMs }) =>
          paidAtMs !== null || Date.parse(dueDate) / DAY_MS < localDay(asOfMs, utcOffsetMinutes)
      )
    )
    .toSorted((left, right) => (left.dueDate < right.dueDate ? 1 : -1))
  const firstLate = due.findIndex(({ daysLate, paidAtMs }) => daysLate > 0 || paidAtMs === null)
  return firstLate < 0 ? due.length : firstLate
}
