import { type Static, Type } from 'typebox'
import { OUTCOMES } from '../domain/decision.ts'
import type { Verdict } from '../policy/engine.ts'
import { ASSUMPTIONS, economicsOf } from './economics.ts'
import type { PolicyShadowResult } from './policy-shadow.ts'
import { createLoansOf, createSwapSet, type SwapSegment } from './swap-set.ts'

/** What one of the two policies granted; zeros where it did not approve. */
const TermsSchema = Type.Object(
  {
    limitMinor: Type.Number(),
    amountMinor: Type.Number(),
    marginMinor: Type.Number({ description: 'Expected: interest less expected loss and cost' })
  },
  { additionalProperties: false }
)
export type GrantedTerms = Static<typeof TermsSchema>

/** What a candidate policy would have decided beside what was decided; nothing in it is about a known person. */
export const PolicyShadowEntrySchema = Type.Object(
  {
    decisionId: Type.String(),
    policy: Type.String({ description: 'Of the candidate: version@sha256' }),
    decided: Type.Enum([...OUTCOMES]),
    shadow: Type.Enum([...OUTCOMES]),
    product: Type.String(),
    earlierLoans: Type.String(),
    currency: Type.String(),
    decidedTerms: TermsSchema,
    shadowTerms: TermsSchema
  },
  { additionalProperties: false }
)
export type PolicyShadowEntry = Static<typeof PolicyShadowEntrySchema>

export type PolicySwapCase = Pick<
  PolicyShadowEntry,
  'decided' | 'shadow' | 'product' | 'earlierLoans' | 'currency' | 'decidedTerms' | 'shadowTerms'
>

const NOTHING: GrantedTerms = { limitMinor: 0, amountMinor: 0, marginMinor: 0 }

/** Of the first offer, which is the one that the policy prefers. */
export function grantedTerms({ limit, offers: [offer], score }: Verdict, assumptions = ASSUMPTIONS): GrantedTerms {
  if (offer === undefined || score === null) return NOTHING
  const { amountMinor, expectedMarginMinor } = economicsOf(offer, score.pd, assumptions)
  return { limitMinor: limit?.amountMinor ?? 0, amountMinor, marginMinor: Math.round(expectedMarginMinor) }
}

export function createPolicyShadowEntry(
  featureNames: readonly string[]
): (result: PolicyShadowResult) => PolicyShadowEntry {
  const loansOf = createLoansOf(featureNames)
  return ({ made, policyId, verdict }) => ({
    decisionId: made.decisionId,
    policy: policyId,
    decided: made.verdict.outcome,
    shadow: verdict.outcome,
    product: made.application.product,
    earlierLoans: loansOf(made.values),
    currency: made.application.currency,
    decidedTerms: grantedTerms(made.verdict),
    shadowTerms: grantedTerms(verdict)
  })
}

/** Sums of one currency over all decisions of it. */
export interface TermsChange {
  readonly currency: string
  readonly decided: GrantedTerms
  readonly shadow: GrantedTerms
}

export interface PolicySwapSegment extends SwapSegment {
  readonly approvalRate: { readonly decided: number; readonly shadow: number }
}

export interface PolicySwapSet {
  readonly segments: readonly PolicySwapSegment[]
  readonly terms: readonly TermsChange[]
}

/** Counts who would change sides if the candidate decided, and what that does to limits, amounts and expected margin. */
export function createPolicySwapSet() {
  const counts = createSwapSet()
  const sums = new Map<string, { decided: GrantedTerms; shadow: GrantedTerms }>()
  return {
    /** The terms of an entry that stands for several are their sums. */
    add: (entry: PolicySwapCase, times = 1): void => {
      counts.add(entry, times)
      const sum = sums.get(entry.currency) ?? { decided: NOTHING, shadow: NOTHING }
      sums.set(entry.currency, {
        decided: plus(sum.decided, entry.decidedTerms),
        shadow: plus(sum.shadow, entry.shadowTerms)
      })
    },
    read: (): PolicySwapSet => ({
      segments: counts.read().map((segment) => ({ ...segment, approvalRate: approvalRatesOf(segment) })),
      terms: [...sums].map(([currency, sum]) => ({ currency, ...sum }))
    })
  }
}

function plus(left: GrantedTerms, right: GrantedTerms): GrantedTerms {
  return {
    limitMinor: left.limitMinor + right.limitMinor,
    amountMinor: left.amountMinor + right.amountMinor,
    marginMinor: left.marginMinor + right.marginMinor
  }
}

function approvalRatesOf({ cells, decisions }: SwapSegment) {
  const rate = (side: 'decided' | 'shadow') =>
    cells.reduce((sum, cell) => (cell[side] === 'APPROVE' ? sum + cell.count : sum), 0) / decisions
  return { decided: rate('decided'), shadow: rate('shadow') }
}
