import type { EventInput } from '../../src/domain/event.ts'
import { createChance } from './chance.ts'
import type { Truth } from './scene.ts'
import { DAY_MS, HOUR_MS } from './world.ts'

/** A loan that was granted. */
export interface GrantedLoan {
  readonly applicantId: string
  readonly loanId: string
  readonly principalMinor: number
  readonly termDays: number
  readonly instalments: number
  readonly disbursedAtMs: number
}

/**
 * What becomes of a loan whose decision somebody else made: paid out, then instalment by instalment repaid, late or
 * never, as the hidden risk of the person has it. A fraud (hidden risk 1) never pays. Times rise.
 */
export function* loanLife(
  seed: number,
  loan: GrantedLoan,
  { hiddenRisk }: Pick<Truth, 'hiddenRisk'>
): Generator<EventInput> {
  const { applicantId, loanId, principalMinor, termDays, instalments, disbursedAtMs } = loan
  const chance = createChance(seed, `loan ${loanId}`)
  const event = (what: string, type: EventInput['type'], atMs: number, data: object): EventInput => ({
    eventId: `${loanId}-${what}`,
    type,
    occurredAtMs: Math.floor(atMs),
    applicantId,
    data
  })
  yield event('out', 'loan.disbursed', disbursedAtMs, { loanId, principalMinor, termDays })
  const stopsAt = chance.is(hiddenRisk) ? chance.whole(1, hiddenRisk === 1 ? 1 : instalments) : instalments + 1
  const amountMinor = Math.max(1, Math.round(principalMinor / instalments))
  let atMs = disbursedAtMs
  for (let instalmentNo = 1; instalmentNo <= instalments; instalmentNo++) {
    const dueAtMs = Math.floor(disbursedAtMs + (termDays * DAY_MS * instalmentNo) / instalments)
    const debit = { loanId, instalmentNo, amountMinor }
    if (instalmentNo >= stopsAt) {
      yield event(`no-${instalmentNo}`, 'repayment.failed', dueAtMs + HOUR_MS, {
        ...debit,
        reason: 'insufficient_funds'
      })
      return
    }
    const lateDays = chance.is(2 * hiddenRisk) ? chance.gap(5) : -chance.gap(1)
    atMs = Math.max(atMs + HOUR_MS, dueAtMs + lateDays * DAY_MS)
    const kind = instalmentNo === instalments ? 'final' : 'scheduled'
    yield event(`in-${instalmentNo}`, 'repayment.received', atMs, { ...debit, dueAtMs, kind })
  }
  const dueAtMs = disbursedAtMs + termDays * DAY_MS
  yield event('closed', 'loan.closed', atMs + HOUR_MS, { loanId, disbursedAtMs, dueAtMs })
}
