import { type Static, Type } from 'typebox'
import { compileCheck } from './check.ts'
import { type Currency, CurrencySchema } from './money.ts'

/** Open loans and offers of one person; with more nobody is offered anything before a person looked. As in the Lua. */
export const MAX_EXPOSURE_ENTRIES = 64

const Minor = Type.Integer()

/**
 * What an applicant owes or has been offered, as Redis keeps it and redis/lua/05-exposure.lua writes it. In doubt it is more
 * than is owed, never less: a loan of no known currency counts in each, an event that does not fit lowers nothing.
 */
const ExposureSchema = Type.Object({
  r: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Tuple([Minor, CurrencySchema, Type.Integer({ description: 'Held until, ms' }), Type.String(), Minor]),
      { description: 'By decision: largest offered amount, currency, until when, application, repayable in total' }
    )
  ),
  l: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Tuple([Minor, Minor, Minor, Minor, Minor, Type.Union([CurrencySchema, Type.Literal('')]), Type.String()]),
      {
        description:
          'By loan: paid out, repayable in total or -1, repaid principal, repaid, repaid of which the principal is not told, ' +
          'currency or nothing, ids of the events'
      }
    )
  ),
  c: Type.Optional(Type.Record(Type.String(), Type.Integer({ description: 'When the loan was closed, ms' }))),
  f: Type.Optional(Type.Literal(1, { description: 'Something did not fit: what is owed is not known' }))
})
export type Exposure = Static<typeof ExposureSchema>
export type OpenLoan = NonNullable<Exposure['l']>[string]

/** What an approval holds of the applicant’s limit until it is paid out, withdrawn or over. */
export interface Hold {
  readonly nowMs: number
  readonly tillMs: number
  /** The largest offered amount. */
  readonly amountMinor: number
  /** The most that such an amount would cost in total by any of the offers. */
  readonly repayableMinor: number
  /** The most that may be owed, this included. */
  readonly ceilingMinor: number
  readonly currency: Currency
  readonly applicationId: string
}

/** What is owed or held now; 'unknown' when that cannot be said, or there are too many entries to add one. */
export type Owed = { readonly kind: 'known'; readonly owedMinor: number } | { readonly kind: 'unknown' }

const check = compileCheck(ExposureSchema)
const NOTHING: Owed = { kind: 'known', owedMinor: 0 }
const UNKNOWN: Owed = { kind: 'unknown' }

/** Reads a stored exposure; undefined for what is none. */
export function parseExposure(json: string): Exposure | undefined {
  try {
    const checked = check(JSON.parse(json))
    return checked.ok ? checked.value : undefined
  } catch {
    return undefined
  }
}

/** What a stored exposure says of a currency at a time; an offer of before then counts nothing. */
export function owedIn(stored: Buffer | string | null, currency: Currency, nowMs: number): Owed {
  if (stored === null) return NOTHING
  const exposure = parseExposure(stored.toString())
  if (exposure === undefined || exposure.f !== undefined) return UNKNOWN
  const { owedMinor, entries } = sumExposure(exposure, currency, nowMs)
  return entries >= MAX_EXPOSURE_ENTRIES ? UNKNOWN : { kind: 'known', owedMinor }
}

function sumExposure({ r = {}, l = {} }: Exposure, currency: Currency, nowMs: number) {
  const held = Object.values(r).filter(([, , tillMs]) => tillMs > nowMs)
  const loans = Object.values(l)
  const heldMinor = held.reduce((sum, [amountMinor, of]) => sum + (of === currency ? amountMinor : 0), 0)
  const loansMinor = loans.reduce(
    (sum, loan) => sum + (loan[5] === currency || loan[5] === '' ? balanceOf(loan) : 0),
    0
  )
  return { owedMinor: heldMinor + loansMinor, entries: held.length + loans.length }
}

/**
 * The most that can be left of a loan’s principal: what was paid out less the repaid principal, and what is still to pay in
 * total. Where neither the principal of a payment nor the total is told, the whole payment is taken for principal.
 */
export function balanceOf([paidOut, repayable, principal, repaid, untold]: OpenLoan): number {
  if (repayable < 0) return Math.max(0, paidOut - Math.max(0, principal + untold))
  return Math.max(0, Math.min(paidOut - Math.max(0, principal), repayable - Math.max(0, repaid)))
}
