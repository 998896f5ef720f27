import { type Static, Type } from 'typebox'
import { amountSchema, roundHalfUp } from './money.ts'

const strict = { additionalProperties: false } as const

/** Words of a charge as the borrower reads them, in the language of the product’s market. */
export const chargeTexts = {
  name: Type.String({ minLength: 1, maxLength: 40 }),
  basis: Type.String({ minLength: 1, maxLength: 40, description: 'What it is counted on' }),
  method: Type.String({ minLength: 1, maxLength: 40, description: 'How and when it is collected' }),
  payee: Type.String({ minLength: 1, maxLength: 40 }),
  payeeLicence: Type.String({ minLength: 1, maxLength: 40, description: 'Kind of licence of who is paid' })
} as const

/** A charge beside the interest, on the original principal: a ratio of it or a flat amount, one of the two. */
export const FeeSchema = Type.Object(
  {
    ...chargeTexts,
    collected: Type.Enum(['upfront', 'eachPeriod'], { description: 'From the payout, or with each instalment' }),
    ratio: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
    flatMinor: Type.Optional(amountSchema('Flat amount', 1))
  },
  strict
)
export type Fee = Static<typeof FeeSchema>

/** What fees come to on one loan, in whole minor units. */
export interface LoanFees {
  /** Taken from the payout. */
  readonly upfrontMinor: number
  /** Paid with each instalment, however much is still owed. */
  readonly eachPeriodMinor: number
}

export const NO_FEES: LoanFees = { upfrontMinor: 0, eachPeriodMinor: 0 }

/** One payment of a fee, rounded half up to a minor unit. */
export function feeMinor({ ratio = 0, flatMinor = 0 }: Pick<Fee, 'ratio' | 'flatMinor'>, amountMinor: number): number {
  return flatMinor + roundHalfUp(amountMinor * ratio)
}

/** All fees of a loan, each rounded by itself. */
export function loanFees(
  fees: readonly Pick<Fee, 'collected' | 'ratio' | 'flatMinor'>[],
  amountMinor: number
): LoanFees {
  if (fees.length === 0) return NO_FEES
  let upfrontMinor = 0
  let eachPeriodMinor = 0
  for (const fee of fees) {
    if (fee.collected === 'upfront') upfrontMinor += feeMinor(fee, amountMinor)
    else eachPeriodMinor += feeMinor(fee, amountMinor)
  }
  return { upfrontMinor, eachPeriodMinor }
}
