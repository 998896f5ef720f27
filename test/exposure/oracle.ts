import type { Decision } from '../../src/domain/decision.ts'
import type { AssayEvent } from '../../src/domain/event.ts'

const HELD_BEYOND_MS = 3_600_000

interface Held {
  readonly amountMinor: number
  readonly currency: string
  readonly tillMs: number
  readonly applicationId: string
  /** The most that one of the offers costs in total, as a ratio of its amount. */
  readonly costliest: number
}

interface Loan {
  paidOut: number
  repayable: number | 'unknown'
  principal: number
  repaid: number
  untold: number
  currency: string | undefined
}

type Plan = readonly { readonly principalMinor: number; readonly interestMinor: number }[]
interface Told {
  readonly loanId: string
  readonly principalMinor?: number
  readonly amountMinor?: number
  readonly currency?: string
  readonly decisionId?: string
  readonly applicationId: string
  readonly schedule?: Plan
}

/**
 * What an applicant owes or was offered, the slow obvious way: from every decision and the whole log, in its order. Takes
 * nothing from what Redis keeps of it.
 */
export function expectedExposure(decisions: readonly Decision[], log: readonly AssayEvent[]) {
  const held = new Map(
    decisions.filter(({ offers }) => offers.length > 0).map((each) => [each.decisionId, heldBy(each)])
  )
  const loans = new Map<string, Loan>()
  const closed = new Set<string>()
  const seen = new Set<string>()
  const loanOf = (loanId: string): Loan => {
    const loan = loans.get(loanId) ?? {
      paidOut: 0,
      repayable: 0,
      principal: 0,
      repaid: 0,
      untold: 0,
      currency: undefined
    }
    loans.set(loanId, loan)
    return loan
  }
  for (const { eventId, type, data } of log) {
    if (seen.has(eventId)) continue
    seen.add(eventId)
    const told = data as Told
    switch (type) {
      case 'loan.disbursed':
        payOut(loanOf(told.loanId), told, held.get(told.decisionId ?? ''))
        held.delete(told.decisionId ?? '')
        break
      case 'repayment.received': {
        const loan = loanOf(told.loanId)
        loan.repaid += told.amountMinor ?? 0
        if (told.principalMinor === undefined) loan.untold += told.amountMinor ?? 0
        else loan.principal += told.principalMinor
        break
      }
      case 'repayment.returned': {
        const loan = loanOf(told.loanId)
        loan.repaid -= told.amountMinor ?? 0
        loan.principal -= told.amountMinor ?? 0
        break
      }
      case 'loan.restructured': {
        const loan = loanOf(told.loanId)
        if (loan.repayable !== 'unknown') loan.repayable += totalOf(told.schedule ?? [])
        break
      }
      case 'loan.closed':
      case 'loan.written_off':
        closed.add(told.loanId)
        break
      case 'application.withdrawn':
        for (const [decisionId, { applicationId }] of held)
          if (told.decisionId === undefined ? applicationId === told.applicationId : decisionId === told.decisionId)
            held.delete(decisionId)
        break
    }
  }
  return (currency: string, nowMs: number): number => {
    const offered = [...held.values()].filter((each) => each.currency === currency && each.tillMs > nowMs)
    const open = [...loans].filter(
      ([loanId, loan]) => !closed.has(loanId) && [currency, undefined].includes(loan.currency)
    )
    return sum(offered.map(({ amountMinor }) => amountMinor)) + sum(open.map(([, loan]) => leftOf(loan)))
  }
}

function heldBy({ offers, validUntil, applicationId }: Decision): Held {
  return {
    amountMinor: Math.max(...offers.map(({ amountMinor }) => amountMinor)),
    currency: offers[0]?.currency ?? '',
    tillMs: Date.parse(validUntil ?? '') + HELD_BEYOND_MS,
    applicationId,
    costliest: Math.max(...offers.map(({ amountMinor, totalRepayableMinor }) => totalRepayableMinor / amountMinor))
  }
}

function payOut(loan: Loan, { principalMinor, schedule, currency }: Told, held: Held | undefined): void {
  const amountMinor =
    principalMinor ?? (schedule && sum(schedule.map((row) => row.principalMinor))) ?? held?.amountMinor ?? 0
  loan.paidOut += amountMinor
  loan.currency ??= currency ?? held?.currency
  if (schedule !== undefined && loan.repayable !== 'unknown') loan.repayable += totalOf(schedule)
  else if (held === undefined) loan.repayable = 'unknown'
  else if (loan.repayable !== 'unknown') {
    const whole = Math.ceil(held.amountMinor * held.costliest)
    loan.repayable += Math.ceil((whole * amountMinor) / held.amountMinor)
  }
}

function leftOf({ paidOut, repayable, principal, repaid, untold }: Loan): number {
  const none = (minor: number) => Math.max(0, minor)
  if (repayable === 'unknown') return none(paidOut - none(principal + untold))
  return none(Math.min(paidOut - none(principal), repayable - none(repaid)))
}

function totalOf(schedule: Plan): number {
  return sum(schedule.map(({ principalMinor, interestMinor }) => principalMinor + interestMinor))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
