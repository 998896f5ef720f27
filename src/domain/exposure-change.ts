import type { Static } from 'typebox'
import type { AssayEvent, EVENT_TYPES, EventType } from './event.ts'
import type { Hold } from './exposure.ts'
import { hash32 } from './hash.ts'

type Data<Type extends EventType> = Static<(typeof EVENT_TYPES)[Type]['data']>
/** A gateway whose clock is behind still sees for a day what ended for others; as in the Lua. */
const KEPT_MS = 86_400_000
const OFFER_ID = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-\d+$/
/** Of the 48 bits that tell the events of one loan apart. */
const SECOND_SEED = 0x9e3779b9

/**
 * What an event changes of what its applicant owes, in the words of redis/lua/05-exposure.lua; empty for nothing. Ids have
 * no spaces.
 */
export function exposureChangeOf({ type, eventId, occurredAtMs, data }: AssayEvent): string {
  switch (type) {
    case 'loan.disbursed': {
      const { loanId, schedule, currency = '-', ...told } = data as Data<'loan.disbursed'>
      const { principalMinor = schedule?.reduce((sum, row) => sum + row.principalMinor, 0) ?? -1 } = told
      const repayableMinor = schedule === undefined ? -1 : totalOf(schedule)
      return `D ${shortId(eventId)} ${loanId} ${principalMinor} ${repayableMinor} ${currency} ${paidOutDecision(told) ?? '-'}`
    }
    case 'repayment.received': {
      const { loanId, amountMinor, principalMinor = -1 } = data as Data<'repayment.received'>
      if (amountMinor === undefined && principalMinor < 0) return ''
      return `P ${shortId(eventId)} ${loanId} ${amountMinor ?? principalMinor} ${principalMinor}`
    }
    case 'repayment.returned': {
      const { loanId, amountMinor } = data as Data<'repayment.returned'>
      return `R ${shortId(eventId)} ${loanId} ${amountMinor}`
    }
    case 'loan.restructured': {
      const { loanId, schedule } = data as Data<'loan.restructured'>
      return `S ${shortId(eventId)} ${loanId} ${totalOf(schedule)}`
    }
    case 'loan.closed':
    case 'loan.written_off': {
      const { loanId } = data as Data<'loan.closed'>
      return `C ${loanId} ${occurredAtMs}`
    }
    case 'application.withdrawn': {
      const { applicationId, decisionId = '-' } = data as Data<'application.withdrawn'>
      return `W ${applicationId} ${decisionId}`
    }
    default:
      return ''
  }
}

/** What an approval holds, as hold_exposure there takes it. */
export function holdCall(decisionId: string, { nowMs, tillMs, amountMinor, repayableMinor, ...hold }: Hold) {
  const { ceilingMinor, currency, applicationId } = hold
  return {
    words: `${nowMs} ${tillMs} ${amountMinor} ${repayableMinor} ${ceilingMinor} ${currency} ${applicationId}`,
    alone: `{"r":{"${decisionId}":[${amountMinor},"${currency}",${tillMs},"${applicationId}",${repayableMinor}]}}`,
    keepMs: Math.max(1, tillMs - nowMs) + KEPT_MS
  }
}

function totalOf(schedule: Data<'loan.restructured'>['schedule']): number {
  return schedule.reduce((sum, { principalMinor, interestMinor }) => sum + principalMinor + interestMinor, 0)
}

/** The decision whose offer was taken, where a payout names it; offers are numbered behind it. */
export function paidOutDecision({
  decisionId,
  offerId = ''
}: Pick<Data<'loan.disbursed'>, 'decisionId' | 'offerId'>): string | undefined {
  return decisionId ?? OFFER_ID.exec(offerId)?.[1]
}

function shortId(eventId: string): string {
  return hex8(hash32(eventId, 0)) + hex8(hash32(eventId, SECOND_SEED)).slice(0, 4)
}

function hex8(value: number): string {
  return value.toString(16).padStart(8, '0')
}
