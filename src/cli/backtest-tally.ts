import type { Outcome } from '../domain/decision.ts'
import type { Verdict } from '../policy/engine.ts'
import { type Assumptions, economicsOf } from '../serving/economics.ts'
import {
  createPolicySwapSet,
  type GrantedTerms,
  grantedTerms,
  type PolicySwapCase,
  type PolicySwapSet
} from '../serving/policy-swap-set.ts'
import { createLoansOf } from '../serving/swap-set.ts'
import type { Decided } from './backtest-line.ts'

/** Sums of one segment and currency. */
interface Sums {
  applications: number
  approved: number
  referred: number
  outcomesKnown: number
  bads: number
  approvedKnown: number
  approvedBads: number
  grantedMinor: number
  expectedLossMinor: number
  realisedLossMinor: number
  expectedMarginMinor: number
  realisedMarginMinor: number
}

/** A line of the strategy table. Realised figures are of approved loans whose outcome is known; null where none is. */
export interface StrategyRow {
  /** `all`, `band: A`, `product: cash`, `earlier loans: none`. */
  readonly segment: string
  readonly currency: string
  readonly applications: number
  readonly approved: number
  readonly approvedKnown: number
  readonly approvedBads: number
  readonly approvalRate: number
  readonly referRate: number
  readonly badRate: number | null
  readonly badRateOfApproved: number | null
  readonly grantedMinor: number
  readonly expectedLossMinor: number
  readonly realisedLossMinor: number | null
  readonly expectedMarginMinor: number
  readonly realisedMarginMinor: number | null
}

interface SwapSums extends Omit<PolicySwapCase, 'decidedTerms' | 'shadowTerms'> {
  readonly count: number
  readonly decidedTerms: GrantedTerms
  readonly shadowTerms: GrantedTerms
}

/** What was counted so far, as plain data: a stopped backtest goes on from it. */
export interface TallyState {
  readonly strategy: Readonly<Record<string, Sums>>
  /** Of the policy that it is compared with. */
  readonly compared: Readonly<Record<string, Sums>>
  readonly swaps: Readonly<Record<string, SwapSums>>
}

export interface Tally {
  readonly add: (decided: Decided) => void
  readonly state: () => TallyState
  readonly strategy: () => StrategyRow[]
  readonly compared: () => StrategyRow[]
  /** `decided` is the policy that it is compared with, `shadow` the candidate. */
  readonly swapSet: () => PolicySwapSet
}

/** Counts decisions by segment as they come, in memory that does not grow with their number. */
export function createTally(featureNames: readonly string[], assumptions: Assumptions, from?: TallyState): Tally {
  const strategy: Record<string, Sums> = structuredClone(from?.strategy ?? {})
  const compared: Record<string, Sums> = structuredClone(from?.compared ?? {})
  const swaps: Record<string, SwapSums> = structuredClone(from?.swaps ?? {})
  const loansOf = createLoansOf(featureNames)

  const addTo = (sums: Record<string, Sums>, decided: Decided, verdict: Verdict, segments: readonly string[]): void => {
    const [offer] = verdict.outcome === 'APPROVE' ? verdict.offers : []
    const loan = offer && economicsOf(offer, verdict.score?.pd ?? decided.pd, assumptions)
    for (const segment of [...segments, `band: ${verdict.score?.band ?? 'none'}`]) {
      const key = JSON.stringify([segment, decided.application.currency])
      const sum = sums[key] ?? NO_SUMS()
      sums[key] = sum
      sum.applications++
      if (verdict.outcome === 'REFER') sum.referred++
      if (decided.outcome !== undefined) sum.outcomesKnown++
      if (decided.outcome === 'bad') sum.bads++
      if (verdict.outcome !== 'APPROVE') continue
      sum.approved++
      if (loan !== undefined) {
        sum.grantedMinor += loan.amountMinor
        sum.expectedLossMinor += loan.expectedLossMinor
        sum.expectedMarginMinor += loan.expectedMarginMinor
      }
      if (decided.outcome === undefined) continue
      sum.approvedKnown++
      const isBad = decided.outcome === 'bad'
      if (isBad) sum.approvedBads++
      if (loan === undefined) continue
      sum.realisedLossMinor += isBad ? loan.lossIfBadMinor : 0
      sum.realisedMarginMinor += (isBad ? -loan.lossIfBadMinor : loan.interestMinor) - loan.costMinor
    }
  }

  const addSwap = (decided: Decided, other: Verdict, earlierLoans: string): void => {
    const { product, currency } = decided.application
    const pair: { decided: Outcome; shadow: Outcome } = { decided: other.outcome, shadow: decided.verdict.outcome }
    const key = JSON.stringify([pair.decided, pair.shadow, product, earlierLoans, currency])
    const known = swaps[key]
    const [decidedTerms, shadowTerms] = [grantedTerms(other, assumptions), grantedTerms(decided.verdict, assumptions)]
    swaps[key] = {
      ...pair,
      product,
      earlierLoans,
      currency,
      count: (known?.count ?? 0) + 1,
      decidedTerms: plus(known?.decidedTerms, decidedTerms),
      shadowTerms: plus(known?.shadowTerms, shadowTerms)
    }
  }

  return {
    add: (decided) => {
      const earlierLoans = loansOf(decided.values)
      const segments = ['all', `product: ${decided.application.product}`, `earlier loans: ${earlierLoans}`]
      addTo(strategy, decided, decided.verdict, segments)
      if (decided.compared === null) return
      addTo(compared, decided, decided.compared, segments)
      addSwap(decided, decided.compared, earlierLoans)
    },
    state: () => ({ strategy, compared, swaps }),
    strategy: () => rowsOf(strategy),
    compared: () => rowsOf(compared),
    swapSet: () => {
      const swapSet = createPolicySwapSet()
      for (const { count, ...entry } of Object.values(swaps)) swapSet.add(entry, count)
      return swapSet.read()
    }
  }
}

const NO_SUMS = (): Sums => ({
  applications: 0,
  approved: 0,
  referred: 0,
  outcomesKnown: 0,
  bads: 0,
  approvedKnown: 0,
  approvedBads: 0,
  grantedMinor: 0,
  expectedLossMinor: 0,
  realisedLossMinor: 0,
  expectedMarginMinor: 0,
  realisedMarginMinor: 0
})

function rowsOf(sums: Readonly<Record<string, Sums>>): StrategyRow[] {
  return Object.entries(sums)
    .map(([key, sum]) => {
      const [segment = '', currency = ''] = JSON.parse(key) as string[]
      const realised = (minor: number) => (sum.approvedKnown === 0 ? null : Math.round(minor))
      return {
        segment,
        currency,
        applications: sum.applications,
        approved: sum.approved,
        approvedKnown: sum.approvedKnown,
        approvedBads: sum.approvedBads,
        approvalRate: sum.approved / sum.applications,
        referRate: sum.referred / sum.applications,
        badRate: sum.outcomesKnown === 0 ? null : sum.bads / sum.outcomesKnown,
        badRateOfApproved: sum.approvedKnown === 0 ? null : sum.approvedBads / sum.approvedKnown,
        grantedMinor: sum.grantedMinor,
        expectedLossMinor: Math.round(sum.expectedLossMinor),
        realisedLossMinor: realised(sum.realisedLossMinor),
        expectedMarginMinor: Math.round(sum.expectedMarginMinor),
        realisedMarginMinor: realised(sum.realisedMarginMinor)
      }
    })
    .sort((left, right) => compareText(left.segment, right.segment) || compareText(left.currency, right.currency))
}

function compareText(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

function plus(left: GrantedTerms | undefined, right: GrantedTerms): GrantedTerms {
  if (left === undefined) return right
  return {
    limitMinor: left.limitMinor + right.limitMinor,
    amountMinor: left.amountMinor + right.amountMinor,
    marginMinor: left.marginMinor + right.marginMinor
  }
}
