import { balanceOf, type Exposure } from '../domain/exposure.ts'

/** One offer or loan that counts. */
interface Entry {
  readonly currency: string
  readonly minor: number
  /** What it is worth later on: all that is known of a loan but the events. */
  readonly terms: string
}

/** less: the limit could be exceeded · more: less is offered than could be · other: the sums are the same, of other things. */
export type ExposureVerdict = 'same' | 'less' | 'more' | 'other'

export interface ExposureComparison {
  readonly verdict: ExposureVerdict
  /** By currency, where the sums differ. */
  readonly owed: Readonly<Record<string, { readonly storedMinor: number; readonly foldedMinor: number }>>
  /** Offers and loans that count otherwise: `held` or `loan` and the id. */
  readonly entries: readonly string[]
}

/** Compares what is stored with what was folded, as it counts at an instant. */
export function compareExposure(stored: Exposure, folded: Exposure, nowMs: number): ExposureComparison {
  const [kept, expected] = [entriesOf(stored, nowMs), entriesOf(withStoredEnds(folded, stored), nowMs)]
  const ids = [...new Set([...kept.keys(), ...expected.keys()])]
  const entries = ids.filter((id) => {
    const [one, other] = [kept.get(id), expected.get(id)]
    return one?.minor !== other?.minor || one?.currency !== other?.currency || one?.terms !== other?.terms
  })
  const currencies = [...new Set(entries.flatMap((id) => [kept.get(id), expected.get(id)]).map((it) => it?.currency))]
  const owed: Record<string, { storedMinor: number; foldedMinor: number }> = {}
  for (const currency of currencies) {
    if (currency === undefined) continue
    const [storedMinor, foldedMinor] = [sumOf(kept, currency), sumOf(expected, currency)]
    if (storedMinor !== foldedMinor) owed[currency] = { storedMinor, foldedMinor }
  }
  const sums = Object.values(owed)
  const isLess = sums.some(({ storedMinor, foldedMinor }) => storedMinor < foldedMinor)
  const verdict = entries.length === 0 ? 'same' : isLess ? 'less' : sums.length > 0 ? 'more' : 'other'
  return { verdict, owed, entries }
}

/**
 * An answer tells when its offers end, which a stricter rule may have made earlier than what is held: a hold that is stored and
 * longer is right, and in doubt more is owed.
 */
export function withStoredEnds(folded: Exposure, stored: Exposure): Exposure {
  const r = Object.fromEntries(
    Object.entries(folded.r ?? {}).map(([id, [amountMinor, currency, tillMs, ...rest]]) => [
      id,
      [amountMinor, currency, Math.max(tillMs, stored.r?.[id]?.[2] ?? 0), ...rest] as NonNullable<Exposure['r']>[string]
    ])
  )
  return { ...folded, r }
}

function entriesOf({ r = {}, l = {} }: Exposure, nowMs: number): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const [id, [minor, currency, tillMs, ...terms]] of Object.entries(r))
    if (tillMs > nowMs) entries.set(`held ${id}`, { currency, minor, terms: terms.join(' ') })
  for (const [id, loan] of Object.entries(l)) {
    // A loan of no known currency counts in each.
    const currency = loan[5] === '' ? '*' : loan[5]
    entries.set(`loan ${id}`, { currency, minor: balanceOf(loan), terms: loan.slice(0, 5).join(' ') })
  }
  return entries
}

function sumOf(entries: ReadonlyMap<string, Entry>, currency: string): number {
  return [...entries.values()].reduce((sum, entry) => sum + (entry.currency === currency ? entry.minor : 0), 0)
}
