import type { Application, Term } from '../domain/application.ts'
import type { ReasonCode } from '../domain/reasons.ts'
import type { Verdict } from '../policy/engine.ts'
import type { ProductPolicy } from '../policy/product-schema.ts'
import { findNearest, type SearchBudget, type Try } from './search.ts'

/** An application that would have been approved for all that it asks: this one with another amount or term. */
export interface Change {
  readonly change: 'amount' | 'term' | 'amountAndTerm'
  readonly amountMinor: number
  readonly term: Term
}

export interface FoundChanges {
  readonly items: readonly Change[]
  /** False where a smaller change may have been missed: not everything could be tried. */
  readonly isExact: boolean
  /** Whether something stood against the application that neither amount nor term changes. */
  readonly hasOtherCause: boolean
}

export interface ChangesInput {
  readonly application: Pick<Application, 'amountMinor' | 'term'>
  readonly product: ProductPolicy
  /** Decides the application again with another amount and term. */
  readonly decide: (amountMinor: number, term: Term) => Verdict
  readonly budget: SearchBudget
}

/** Tries of one amount search: the grid of most products fits, so that all of it is tried. */
const AMOUNT_TRIES = 160
const MIN_LEVELS = 4

/**
 * Finds the smallest changes of amount or term with which the application passes; changes of both only where neither alone
 * does. Amount and term are what a person can choose at once: age, history and what others say are never proposed.
 */
export async function findChanges(input: ChangesInput): Promise<FoundChanges> {
  const { application, product, decide, budget } = input
  let hasOtherCause = false

  const tryOne = (amountMinor: number, term: Term): Try => {
    if (hasOtherCause || !budget.take()) return 'spent'
    const { outcome, offers, reasons } = decide(amountMinor, term)
    hasOtherCause = reasons.some(({ code }) => isBeyondAmountAndTerm(code))
    return outcome === 'APPROVE' && offers[0]?.amountMinor === amountMinor ? 'passes' : 'fails'
  }
  const found = (items: readonly Change[], isExact: boolean): FoundChanges =>
    hasOtherCause ? { items: [], isExact: true, hasOtherCause } : { items, isExact, hasOtherCause }

  const amounts = amountsFrom(product, application.amountMinor)
  const terms = termsFrom(product, application.term)
  const nearest = await findNearest(
    amounts.count,
    (index) => tryOne(amounts.at(index), application.term),
    budget,
    AMOUNT_TRIES
  )
  const byAmount: Change[] =
    nearest.index === undefined
      ? []
      : [{ change: 'amount', amountMinor: amounts.at(nearest.index), term: application.term }]
  const byTerm = await findTerms(input, terms, tryOne)
  const alone = [...byAmount, ...byTerm.items]
  if (alone.length > 0 || hasOtherCause) return found(alone, nearest.isExact && byTerm.isExact)
  const both = await findBoth(amounts, terms, tryOne, budget)
  return found(both === undefined ? [] : [both], false)
}

type TryOne = (amountMinor: number, term: Term) => Try

/** Of the terms that pass with the amount asked for: the nearest, the shortest, the longest. */
async function findTerms(
  { application: { amountMinor }, budget }: ChangesInput,
  terms: readonly Term[],
  tryOne: TryOne
): Promise<Pick<FoundChanges, 'items' | 'isExact'>> {
  const passing: Term[] = []
  let isExact = true
  for (const term of terms) {
    if (budget.mustRest()) await budget.rest()
    const tried = tryOne(amountMinor, term)
    if (tried === 'spent') {
      isExact = false
      break
    }
    if (tried === 'passes') passing.push(term)
  }
  const byCount = passing.toSorted((left, right) => left.count - right.count)
  const told = new Set([passing[0], byCount[0], byCount.at(-1)].filter((term) => term !== undefined))
  return { items: [...told].map((term) => ({ change: 'term', amountMinor, term })), isExact }
}

/** The largest amount that passes with any term, from coarse levels down; of several terms the nearest. */
async function findBoth(
  amounts: Amounts,
  terms: readonly Term[],
  tryOne: TryOne,
  budget: SearchBudget
): Promise<Change | undefined> {
  if (terms.length === 0 || amounts.count === 0) return undefined
  // Half of what is left looks for a level, half refines it.
  const levels = Math.min(amounts.count, Math.max(MIN_LEVELS, Math.floor(budget.left() / 2 / terms.length)))
  const indexOf = (level: number) => Math.floor((level * (amounts.count - 1)) / Math.max(1, levels - 1))
  for (let level = 0; level < levels; level++) {
    for (const term of terms) {
      if (budget.mustRest()) await budget.rest()
      const tried = tryOne(amounts.at(indexOf(level)), term)
      if (tried === 'spent') return undefined
      if (tried === 'fails') continue
      const first = level === 0 ? indexOf(0) : indexOf(level - 1) + 1
      const between = indexOf(level) - first
      const { index } = await findNearest(between, (at) => tryOne(amounts.at(first + at), term), budget, between)
      const amountMinor = amounts.at(index === undefined ? indexOf(level) : first + index)
      return { change: 'amountAndTerm', amountMinor, term }
    }
  }
  return undefined
}

interface Amounts {
  readonly count: number
  /** Amounts on the grid, the nearest to the one asked for first. */
  readonly at: (index: number) => number
}

/** Less than what was asked for; only where that is below the product’s least, more. */
function amountsFrom({ amountMinor: { min, max, step } }: ProductPolicy, askedMinor: number): Amounts {
  const least = Math.ceil(min / step) * step
  if (askedMinor < least) {
    return { count: Math.max(0, Math.floor((max - least) / step) + 1), at: (index) => least + index * step }
  }
  const most = Math.min(Math.floor(max / step), Math.ceil(askedMinor / step) - 1) * step
  return { count: Math.max(0, Math.floor((most - least) / step) + 1), at: (index) => most - index * step }
}

/** Every other term that the product offers, the nearest first. */
function termsFrom({ term: { unit, min, max, instalmentEvery } }: ProductPolicy, asked: Term): Term[] {
  const counts = Array.from({ length: Math.max(0, max - min + 1) }, (_, index) => min + index)
  const distance = (count: number) => (asked.unit === unit ? Math.abs(count - asked.count) : count)
  return counts
    .filter((count) => count <= instalmentEvery.count || count % instalmentEvery.count === 0)
    .filter((count) => asked.unit !== unit || count !== asked.count)
    .sort((left, right) => distance(left) - distance(right) || left - right)
    .map((count) => ({ count, unit }))
}

const BEYOND: readonly ReasonCode[] = ['R201', 'R202', 'R203', 'R205', 'R220', 'R401', 'R404', 'R405', 'R903']

/** Age, purpose, consent, proofs, funding, product, signs of fraud, faults: whatever else is changed, they stay. */
export function isBeyondAmountAndTerm(code: ReasonCode): boolean {
  if (code === 'SYS_INPUT_OUT_OF_RANGE') return false
  return BEYOND.includes(code) || code.startsWith('R5') || code.startsWith('SYS_')
}
