import { dayOfDate, startOfDayMs } from '../domain/calendar.ts'
import type { LoanEvent } from '../domain/loan-event.ts'
import type { Loan } from '../loans/loan-schema.ts'
import { isAtLeast, LEVELS, type Level } from './rules.ts'

const DAY_MS = 86_400_000
/** From more days past due than this a loan went bad. */
const BAD_DAYS = 30

const WARNED_RESULTS = ['hit', 'miss', 'false_alarm', 'quiet'] as const
export type WarnedResult = (typeof WARNED_RESULTS)[number]

/** How warnings did on one loan whose outcome is known, at each level and above. */
export type WarnedOutcome = Readonly<
  Record<Level, { readonly result: WarnedResult /** Of a hit. */; readonly leadDays: number | undefined }>
>

/**
 * Of a loan that went bad (more than 30 days past due, or given up): whether it was warned before the first day on which it was
 * past due, and how long before. Of one that was closed without: whether it was warned at all. Undefined while it is open. Pure.
 */
export function outcomeOf(loan: Loan, events: readonly LoanEvent[]): WarnedOutcome | undefined {
  const isBad = loan.worstDaysPastDue > BAD_DAYS || loan.writtenOffAtMs !== null
  if (!isBad && loan.state !== 'closed') return undefined
  const overdueMs = isBad ? overdueFromMs(loan) : Number.POSITIVE_INFINITY
  const outcomes = LEVELS.map((level) => {
    const first = events.find((event) => isWarning(event, level) && event.occurredAtMs < overdueMs)?.occurredAtMs
    if (!isBad) return [level, { result: first === undefined ? 'quiet' : 'false_alarm', leadDays: undefined }]
    if (first === undefined) return [level, { result: 'miss', leadDays: undefined }]
    return [level, { result: 'hit', leadDays: (overdueMs - first) / DAY_MS }]
  })
  return Object.fromEntries(outcomes) as WarnedOutcome
}

function isWarning(event: LoanEvent, least: Level): boolean {
  return event.type === 'loan.warned' && event.data.level !== 'none' && isAtLeast(event.data.level, least)
}

/** The first day past due of the instalment that was latest; of another plan, when it was given up or replaced. */
function overdueFromMs({ schedule, utcOffsetMinutes, writtenOffAtMs, asOfMs }: Loan): number {
  const worst = schedule.reduce((most, each) => (each.daysLate > most.daysLate ? each : most))
  if (worst.daysLate > 0) return startOfDayMs(dayOfDate(worst.dueDate) + 1, utcOffsetMinutes)
  return writtenOffAtMs ?? asOfMs
}
