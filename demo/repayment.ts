import type { Chance } from '../load-tests/simulator/chance.ts'
import { DAY_MS, HOUR_MS } from '../load-tests/simulator/world.ts'
import type { Decision } from '../src/domain/decision.ts'
import type { EventInput } from '../src/domain/event.ts'
import type { Sequel } from './borrower.ts'

type Instalment = Decision['offers'][number]['schedule'][number]

export interface RepaymentOptions {
  readonly chance: Chance
  readonly event: (what: string, type: EventInput['type'], atMs: number, data: object) => Sequel
  readonly loanId: string
  readonly decisionId: string
  readonly schedule: readonly Instalment[]
  readonly disbursedAtMs: number
  readonly isBad: boolean
  readonly isFraud: boolean
}

/** How an instalment is paid by somebody who pays. */
const MANNERS = { onTime: 0.7, early: 0.12, late: 0.1, partial: 0.05, returned: 0.03 } as const
/** What a loan that stopped comes to. */
const ENDS = { cured: 0.3, restructured: 0.2, writtenOff: 0.5 } as const
const BAD_AFTER_DAYS = 30
const WRITE_OFF_DAYS = 150
const RETRY_DAYS = [0, 2, 6] as const
const RECOVERED_SHARE = 0.25

/** All that happens to a loan after it was paid out, and its outcome: bad is thirty days past due, good is repaid. */
export function repayment(options: RepaymentOptions): readonly Sequel[] {
  const { chance, schedule, isBad, isFraud } = options
  const told: Sequel[] = []
  const stopsAt = isBad ? (isFraud ? 0 : chance.whole(0, schedule.length - 1)) : schedule.length
  let paidAtMs = options.disbursedAtMs
  for (const [index, instalment] of schedule.entries()) {
    if (index === stopsAt) return [...told, ...stopped(options, index, paidAtMs)]
    paidAtMs = pay(options, told, instalment, index === schedule.length - 1, paidAtMs)
  }
  const closesAtMs = paidAtMs + HOUR_MS
  told.push(closed(options, closesAtMs), outcome(options, 'good', closesAtMs))
  return told
}

/** Pays one instalment in some manner; returns when all of it was paid. */
function pay(
  { chance, event, loanId }: RepaymentOptions,
  told: Sequel[],
  row: Instalment,
  isLast: boolean,
  afterMs: number
): number {
  const { no: instalmentNo, totalMinor } = row
  const dueAtMs = dueMsOf(row)
  const at = (atMs: number) => Math.max(afterMs + HOUR_MS, atMs)
  const kind = isLast ? 'final' : 'scheduled'
  const debit = { loanId, instalmentNo, amountMinor: totalMinor }
  const received = (part: string, atMs: number, amountMinor: number, as: string = kind) => {
    told.push(
      event(`in-${instalmentNo}${part}`, 'repayment.received', atMs, {
        loanId,
        instalmentNo,
        amountMinor,
        dueAtMs,
        kind: as
      })
    )
    return atMs
  }
  const manner = chance.weighted(MANNERS)
  const lateMs = dueAtMs + (1 + Math.min(20, chance.gap(5))) * DAY_MS
  if (manner === 'onTime') return received('', at(dueAtMs - chance.between(0, 10) * HOUR_MS), totalMinor)
  if (manner === 'early') return received('', at(dueAtMs - chance.between(1, 6) * DAY_MS), totalMinor)
  const failedAtMs = at(dueAtMs + HOUR_MS)
  if (manner === 'late') {
    told.push(event(`no-${instalmentNo}`, 'repayment.failed', failedAtMs, { ...debit, reason: 'insufficient_funds' }))
    const paidAtMs = Math.max(failedAtMs + HOUR_MS, at(lateMs))
    // Two of three keep what they promised.
    const promisedForMs = Math.floor(chance.is(0.67) ? paidAtMs : paidAtMs - 2 * DAY_MS)
    const promise = { loanId, channel: 'call', result: 'promised', promisedMinor: totalMinor, promisedForMs }
    told.push(event(`promise-${instalmentNo}`, 'collection.contacted', failedAtMs + HOUR_MS / 2, promise))
    return received('', paidAtMs, totalMinor)
  }
  const half = Math.floor(totalMinor / 2)
  if (manner === 'partial') {
    const firstAtMs = received('a', at(dueAtMs - HOUR_MS), half, 'partial')
    return received('b', Math.max(firstAtMs + HOUR_MS, lateMs), totalMinor - half)
  }
  const firstAtMs = received('a', at(dueAtMs - HOUR_MS), totalMinor)
  const returned = { loanId, instalmentNo, amountMinor: totalMinor, reason: 'insufficient_funds' }
  told.push(event(`back-${instalmentNo}`, 'repayment.returned', firstAtMs + DAY_MS, returned))
  return received('b', Math.max(firstAtMs + 2 * DAY_MS, lateMs), totalMinor)
}

/** Nothing comes in any more: debits fail, promises break; some are cured, some restructured, the rest is given up. */
function stopped(options: RepaymentOptions, index: number, afterMs: number): readonly Sequel[] {
  const { chance, event, loanId, schedule, isFraud } = options
  const row = schedule[index] as Instalment
  const { no: instalmentNo, totalMinor } = row
  const dueAtMs = Math.max(dueMsOf(row), afterMs)
  const told = RETRY_DAYS.map((day, retry) => {
    const reason = isFraud ? 'card_invalid' : 'insufficient_funds'
    const tried = { loanId, instalmentNo, amountMinor: totalMinor, reason }
    return event(`no-${instalmentNo}-${retry}`, 'repayment.failed', dueAtMs + day * DAY_MS + HOUR_MS, tried)
  })
  const reached = !isFraud && chance.is(0.6)
  const promise = { promisedMinor: totalMinor, promisedForMs: Math.floor(dueAtMs + 14 * DAY_MS) }
  const contact = { loanId, channel: 'call', result: reached ? 'promised' : 'not_reached', ...(reached && promise) }
  told.push(event(`contact-${instalmentNo}`, 'collection.contacted', dueAtMs + 8 * DAY_MS, contact))
  told.push(outcome(options, 'bad', dueAtMs + (BAD_AFTER_DAYS + 1) * DAY_MS))
  const left = schedule.slice(index).reduce((sum, { totalMinor: each }) => sum + each, 0)
  const end = isFraud ? 'writtenOff' : chance.weighted(ENDS)
  if (end === 'writtenOff') {
    const givenUpAtMs = dueAtMs + WRITE_OFF_DAYS * DAY_MS
    told.push(event('off', 'loan.written_off', givenUpAtMs, { loanId }))
    if (!isFraud && chance.is(RECOVERED_SHARE)) {
      const amountMinor = Math.floor(left / 3)
      told.push(
        event('recovered', 'loan.recovered', givenUpAtMs + chance.between(10, 40) * DAY_MS, { loanId, amountMinor })
      )
    }
    return told
  }
  const turnsAtMs = dueAtMs + chance.between(32, 75) * DAY_MS
  if (end === 'cured') {
    const paid = { loanId, instalmentNo, amountMinor: left, dueAtMs, kind: 'final' }
    told.push(event('cured', 'repayment.received', turnsAtMs, paid), closed(options, turnsAtMs + HOUR_MS))
    return told
  }
  return [...told, ...restructured(options, index, turnsAtMs)]
}

/** Three new instalments of what is left, which are paid. */
function restructured({ event, loanId, schedule }: RepaymentOptions, index: number, atMs: number): readonly Sequel[] {
  const rows = schedule.slice(index)
  const split = (of: (row: Instalment) => number) => {
    const all = rows.reduce((sum, row) => sum + of(row), 0)
    const third = Math.floor(all / 3)
    return [third, third, all - 2 * third] as const
  }
  const principal = split(({ principalMinor }) => principalMinor)
  const interest = split(({ totalMinor, principalMinor }) => totalMinor - principalMinor)
  const plan = principal.map((principalMinor, no) => ({
    dueDate: new Date(atMs + 30 * (no + 1) * DAY_MS).toISOString().slice(0, 10),
    principalMinor,
    interestMinor: interest[no] as number
  }))
  const payments = plan.map(({ dueDate, principalMinor, interestMinor }, no) => {
    const dueAtMs = Date.parse(dueDate)
    const paid = { loanId, instalmentNo: no + 1, dueAtMs, amountMinor: principalMinor + interestMinor }
    return event(`new-${no + 1}`, 'repayment.received', dueAtMs - HOUR_MS, paid)
  })
  return [event('restructured', 'loan.restructured', atMs, { loanId, kind: 'extension', schedule: plan }), ...payments]
}

function closed({ event, loanId, disbursedAtMs, schedule }: RepaymentOptions, atMs: number): Sequel {
  const dueAtMs = dueMsOf(schedule.at(-1) as Instalment)
  return event('closed', 'loan.closed', atMs, { loanId, disbursedAtMs: Math.floor(disbursedAtMs), dueAtMs })
}

function outcome({ decisionId }: RepaymentOptions, result: 'good' | 'bad', atMs: number): Sequel {
  const observedAtMs = Math.floor(atMs)
  const source = result === 'good' ? 'repayment' : 'collection'
  return { kind: 'outcome', atMs: observedAtMs, outcome: { decisionId, outcome: result, observedAtMs, source } }
}

/** Noon of the due date, in some zone or other: inside it everywhere that is lent. */
function dueMsOf({ dueDate }: Instalment): number {
  return Date.parse(`${dueDate}T08:00:00Z`)
}
