import type { Decision } from '../domain/decision.ts'
import type { Exposure, OpenLoan } from '../domain/exposure.ts'
import { HELD_BEYOND_VALIDITY_MS, largestOf } from './exposure.ts'

/** A gateway whose clock is behind still sees for a day what ended for others; as in the Lua. */
const KEPT_MS = 86_400_000
/** Closed loans that are remembered; as in the Lua. */
const MAX_CLOSED = 32

/** One thing that changed what an applicant owes, `atMs` by the clock of Redis. */
export type ExposureAct =
  | {
      readonly kind: 'event'
      readonly atMs: number
      readonly eventId: string
      /** The words of exposureChangeOf. */
      readonly change: string
    }
  | { readonly kind: 'decision'; readonly atMs: number; readonly decision: HeldDecision }

/** Of a decision what matters here. */
export interface HeldDecision {
  readonly decisionId: string
  readonly applicationId: string
  /** It stands in the place of an earlier decision of the application. */
  readonly isLater: boolean
  readonly held: NonNullable<Exposure['r']>[string] | undefined
}

/** Undefined for a decision that changes nothing of what is owed. */
export function heldDecisionOf({
  decisionId,
  applicationId,
  round,
  offers,
  validUntil
}: Decision): HeldDecision | undefined {
  const isLater = round !== undefined
  const [first] = offers
  if (first === undefined) return isLater ? { decisionId, applicationId, isLater, held: undefined } : undefined
  const { amountMinor, repayableMinor } = largestOf(offers)
  const tillMs = Date.parse(validUntil ?? '') + HELD_BEYOND_VALIDITY_MS
  return {
    decisionId,
    applicationId,
    isLater,
    held: [amountMinor, first.currency, tillMs, applicationId, repayableMinor]
  }
}

interface Folding {
  readonly r: NonNullable<Exposure['r']>
  readonly l: NonNullable<Exposure['l']>
  readonly c: NonNullable<Exposure['c']>
}

/**
 * What an applicant owes or was offered by all that is known of it, in the order of `acts`: the same as
 * redis/lua/05-exposure.lua keeps, without its bounds of size. Pure.
 */
export function foldExposure(acts: readonly ExposureAct[]): Exposure {
  const folding: Folding = { r: {}, l: {}, c: {} }
  for (const act of acts) {
    if (act.kind === 'decision') hold(folding, act.decision)
    else change(folding, act.change.split(' '), act.atMs)
  }
  const closed = Object.entries(folding.c).toSorted(([left, a], [right, b]) => b - a || (left < right ? 1 : -1))
  return { r: folding.r, l: folding.l, c: Object.fromEntries(closed.slice(0, MAX_CLOSED)) }
}

function hold(folding: Folding, { decisionId, applicationId, isLater, held }: HeldDecision): void {
  if (isLater) withdraw(folding, applicationId, undefined)
  if (held !== undefined) folding.r[decisionId] = held
}

function withdraw({ r }: Folding, applicationId: string, decisionId: string | undefined): void {
  for (const [id, held] of Object.entries(r))
    if (decisionId === undefined ? held[3] === applicationId : id === decisionId) delete r[id]
}

function change(folding: Folding, [letter, ...words]: readonly string[], atMs: number): void {
  const [first = '', second = '', ...rest] = words
  const numbers = rest.map(Number)
  switch (letter) {
    case 'D': {
      const [, , currency = '-', decisionId = '-'] = rest
      payOut(folding, { eventId: first, loanId: second, currency, decisionId, atMs }, numbers)
      return
    }
    case 'P': {
      const loan = openLoan(folding, first, second)
      if (loan === undefined) return
      const [amountMinor = 0, principalMinor = -1] = numbers
      loan[3] += amountMinor
      if (principalMinor < 0) loan[4] += amountMinor
      else loan[2] += principalMinor
      return
    }
    case 'R': {
      const loan = openLoan(folding, first, second)
      if (loan === undefined) return
      loan[2] -= numbers[0] ?? 0
      loan[3] -= numbers[0] ?? 0
      return
    }
    case 'S': {
      const loan = openLoan(folding, first, second)
      if (loan !== undefined && loan[1] >= 0) loan[1] += numbers[0] ?? 0
      return
    }
    case 'C':
      delete folding.l[first]
      folding.c[first] = Math.max(folding.c[first] ?? 0, Number(second))
      return
    case 'W':
      withdraw(folding, first, second === '-' ? undefined : second)
  }
}

interface PaidOut {
  readonly eventId: string
  readonly loanId: string
  readonly currency: string
  readonly decisionId: string
  readonly atMs: number
}

function payOut(folding: Folding, paid: PaidOut, [toldMinor = -1, toldRepayable = -1]: readonly number[]): void {
  const known = folding.r[paid.decisionId]
  const held = known !== undefined && known[2] + KEPT_MS > paid.atMs ? known : undefined
  delete folding.r[paid.decisionId]
  const loan = openLoan(folding, paid.eventId, paid.loanId)
  if (loan === undefined) return
  const principalMinor = toldMinor < 0 ? (held?.[0] ?? 0) : toldMinor
  const repayableMinor =
    toldRepayable < 0 && held !== undefined ? Math.ceil((held[4] * principalMinor) / held[0]) : toldRepayable
  loan[0] += principalMinor
  loan[1] = repayableMinor < 0 || loan[1] < 0 ? -1 : loan[1] + repayableMinor
  if (loan[5] === '') loan[5] = (paid.currency === '-' ? (held?.[1] ?? '') : paid.currency) as OpenLoan[5]
}

/** The loan, made when there is none; undefined when it is closed or the event has counted already. */
function openLoan({ l, c }: Folding, eventId: string, loanId: string): OpenLoan | undefined {
  if (c[loanId] !== undefined) return undefined
  const loan = l[loanId] ?? [0, 0, 0, 0, 0, '', '']
  if (loan[6].split(' ').includes(eventId)) return undefined
  loan[6] = loan[6] === '' ? eventId : `${loan[6]} ${eventId}`
  l[loanId] = loan
  return loan
}
