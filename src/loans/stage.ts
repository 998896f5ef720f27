import { localDay } from '../domain/calendar.ts'
import { daysLateOf, IMPAIRED_DAYS, type LoanAccount, lastImpairedAtMs } from './account.ts'
import type { LoanWarning } from './loan-schema.ts'
import type { PlanRow } from './plan.ts'

/** IFRS 9: 1 performing · 2 the risk has risen since the loan was made · 3 credit-impaired. */
export type Stage = 1 | 2 | 3

/** From more days past due than this the risk has risen (IFRS 9 5.5.11). */
const RISEN_DAYS = 30
/** Instalments in a row that must be paid in time before a loan counts as cured. */
const CURE_INSTALMENTS = 3

/**
 * The stage of a loan at an instant: by days past due (both limits are the standard’s own backstops), by being given up, by a
 * restructuring, and by a red warning. A loan that was impaired stays so, and one that was restructured stays at 2, until
 * three instalments in a row that fell due since were paid in time.
 *
 * Source: domain reference, section 4 (IFRS 9).
 */
export function stageOf(
  account: LoanAccount,
  daysPastDue: number,
  warnings: readonly LoanWarning[],
  nowMs: number
): Stage {
  if (account.closedAtMs === undefined && account.writtenOffAtMs !== undefined) return 3
  if (daysPastDue > IMPAIRED_DAYS || isInProbation(account, lastImpairedAtMs(account, nowMs), nowMs)) return 3
  if (daysPastDue > RISEN_DAYS || warnings.some(({ level }) => level === 'red')) return 2
  return isInProbation(account, account.forborneAtMs, nowMs) ? 2 : 1
}

function isInProbation(account: LoanAccount, sinceMs: number | undefined, nowMs: number): boolean {
  if (sinceMs === undefined || account.closedAtMs !== undefined) return false
  const { plan, utcOffsetMinutes } = account
  const [sinceDay, today] = [localDay(sinceMs, utcOffsetMinutes), localDay(nowMs, utcOffsetMinutes)]
  let inTime = 0
  for (const [index, { dueDay }] of (plan.rows as readonly PlanRow[]).entries()) {
    if (dueDay <= sinceDay || dueDay > today) continue
    if (daysLateOf(account, index, nowMs) > 0) inTime = 0
    else if (plan.coveredAtMs(index) !== undefined && ++inTime === CURE_INSTALMENTS) return false
  }
  return true
}
