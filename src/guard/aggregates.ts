/** Sums of decisions of one product of one partner. Amounts are minor units of the product’s currency. */
export interface DecisionSums {
  readonly product: string
  readonly partner: string
  decisions: number
  approved: number
  /** Of approvals, the largest offer. */
  approvedMinor: number
  /** Of that, at a price above four times LPR. */
  above4LprMinor: number
  scored: number
  pdSum: number
  /** Of approvals, by who funds them. */
  readonly funderMinor: Record<string, number>
}

export interface DecisionFact {
  readonly product: string
  readonly partner: string
  readonly isApproved: boolean
  readonly amountMinor: number
  readonly isAbove4Lpr: boolean
  /** NaN where no score entered the decision. */
  readonly pd: number
  readonly funding: readonly { readonly partner: string; readonly amountMinor: number }[]
}

export function noSums(product: string, partner: string): DecisionSums {
  return {
    product,
    partner,
    decisions: 0,
    approved: 0,
    approvedMinor: 0,
    above4LprMinor: 0,
    scored: 0,
    pdSum: 0,
    funderMinor: {}
  }
}

export function addDecision(sums: DecisionSums, fact: DecisionFact): void {
  sums.decisions++
  if (!Number.isNaN(fact.pd)) {
    sums.scored++
    sums.pdSum += fact.pd
  }
  if (!fact.isApproved) return
  sums.approved++
  sums.approvedMinor += fact.amountMinor
  if (fact.isAbove4Lpr) sums.above4LprMinor += fact.amountMinor
  for (const { partner, amountMinor } of fact.funding)
    sums.funderMinor[partner] = (sums.funderMinor[partner] ?? 0) + amountMinor
}

/** Adds up sums of several processes, hours or partners, by what `keyOf` makes of them. */
export function mergeSums(
  all: Iterable<DecisionSums>,
  keyOf: (sums: DecisionSums) => string
): Map<string, DecisionSums> {
  const merged = new Map<string, DecisionSums>()
  for (const sums of all) {
    const key = keyOf(sums)
    const into = merged.get(key) ?? noSums(sums.product, sums.partner)
    merged.set(key, into)
    into.decisions += sums.decisions
    into.approved += sums.approved
    into.approvedMinor += sums.approvedMinor
    into.above4LprMinor += sums.above4LprMinor
    into.scored += sums.scored
    into.pdSum += sums.pdSum
    for (const [funder, amountMinor] of Object.entries(sums.funderMinor))
      into.funderMinor[funder] = (into.funderMinor[funder] ?? 0) + amountMinor
  }
  return merged
}

/** A ratio, null of nothing, and how many loans it was taken of. */
export interface LoanRatio {
  readonly ratio: number | null
  readonly loans: number
}

/** What the loan book says of one product. */
export interface LoanFigures {
  readonly product: string
  /** Of loans of the newest four weeks that had the time: not paid 30 days after the first due date. And of the six weeks before. */
  readonly fpd30: LoanRatio
  readonly fpd30Before: LoanRatio
  /** Above 30 days past due three months after payout: the newest month that had the time, and the mean of the six before. */
  readonly over30Mob3: LoanRatio
  readonly over30Mob3Before: LoanRatio
  /** Balance in M2 now by that in M1 a month ago: the last full month, and the month before it. Of the loans in M1. */
  readonly rollM1M2: LoanRatio
  readonly rollM1M2Before: LoanRatio
  /** Running loans with a balance. */
  readonly owingLoans: number
  readonly balanceMinor: number
  readonly over90Minor: number
  /** What the borrower with the largest balance owes. */
  readonly largestBorrowerMinor: number
}

/** Everything the guard looks at; undefined for what could not be read. */
export interface GuardAggregates {
  readonly today: readonly DecisionSums[] | undefined
  /** This hour and the last. */
  readonly recent: readonly DecisionSums[] | undefined
  readonly week: readonly DecisionSums[] | undefined
  readonly loans: readonly LoanFigures[] | undefined
}
