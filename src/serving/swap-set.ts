import { type Static, Type } from 'typebox'
import { OUTCOMES, type Outcome } from '../domain/decision.ts'
import type { ShadowResult } from './shadow.ts'

/** Earlier loans of the applicant, as segments: [from, name]. */
const LOANS = [
  [4, '4 and more'],
  [1, '1 to 3'],
  [0, 'none']
] as const

const EARLIER_LOANS = 'applicant.loans_lifetime'

/** What a shadow would have decided beside what was decided; nothing in it is about a known person. */
export const ShadowEntrySchema = Type.Object(
  {
    decisionId: Type.String(),
    model: Type.String({ description: 'Of the shadow: version@sha256' }),
    decided: Type.Enum([...OUTCOMES]),
    shadow: Type.Enum([...OUTCOMES]),
    pd: Type.Union([Type.Number(), Type.Null()], { description: 'As decided; null without a score' }),
    shadowPd: Type.Number(),
    product: Type.String(),
    earlierLoans: Type.String()
  },
  { additionalProperties: false }
)
export type ShadowEntry = Static<typeof ShadowEntrySchema>

/** The segment of an applicant by earlier loans. */
export function createLoansOf(featureNames: readonly string[]): (values: ArrayLike<number>) => string {
  const loans = featureNames.indexOf(EARLIER_LOANS)
  if (loans < 0) throw new Error(`the feature catalogue does not define ${EARLIER_LOANS}`)
  return (values) => LOANS.find(([from]) => (values[loans] as number) >= from)?.[1] ?? 'none'
}

export function createShadowEntry(featureNames: readonly string[]): (result: ShadowResult) => ShadowEntry {
  const loansOf = createLoansOf(featureNames)
  return ({ made, modelId, pd, verdict }) => ({
    decisionId: made.decisionId,
    model: modelId,
    decided: made.verdict.outcome,
    shadow: verdict.outcome,
    pd: made.assessment.kind === 'scored' ? made.assessment.pd : null,
    shadowPd: pd,
    product: made.application.product,
    earlierLoans: loansOf(made.values)
  })
}

/** What a swap set needs to know of a decision made twice. */
export type SwapCase = Pick<ShadowEntry, 'decided' | 'shadow' | 'product' | 'earlierLoans'>

export interface SwapCell {
  readonly decided: Outcome
  readonly shadow: Outcome
  readonly count: number
}

export interface SwapSegment {
  /** `all`, `product: cash`, `earlier loans: none`. */
  readonly segment: string
  readonly decisions: number
  /** Of all decisions of the segment, those that would be approved only by the shadow, and only by what decides. */
  readonly swapIn: number
  readonly swapOut: number
  /** Every pair of outcomes that came up. */
  readonly cells: readonly SwapCell[]
}

/** Counts who would change sides if the shadow decided, over all and by segment. */
export function createSwapSet() {
  const segments = new Map<string, Map<string, number>>()

  const add = (entry: SwapCase, times = 1): void => {
    for (const segment of ['all', `product: ${entry.product}`, `earlier loans: ${entry.earlierLoans}`]) {
      const cells = segments.get(segment) ?? new Map<string, number>()
      segments.set(segment, cells)
      const pair = `${entry.decided} ${entry.shadow}`
      cells.set(pair, (cells.get(pair) ?? 0) + times)
    }
  }

  const read = (): SwapSegment[] =>
    [...segments]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([segment, counts]) => {
        const cells = OUTCOMES.flatMap((decided) =>
          OUTCOMES.map((shadow) => ({ decided, shadow, count: counts.get(`${decided} ${shadow}`) ?? 0 }))
        ).filter(({ count }) => count > 0)
        const sum = (counts: (cell: SwapCell) => boolean) =>
          cells.filter(counts).reduce((left, { count }) => left + count, 0)
        return {
          segment,
          decisions: sum(() => true),
          swapIn: sum(({ decided, shadow }) => decided !== 'APPROVE' && shadow === 'APPROVE'),
          swapOut: sum(({ decided, shadow }) => decided === 'APPROVE' && shadow !== 'APPROVE'),
          cells
        }
      })
  return { add, read }
}
