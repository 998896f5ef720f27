import { type Static, Type } from 'typebox'
import { PRODUCTS } from '../domain/application.ts'
import { amountSchema } from '../domain/money.ts'

const strict = { additionalProperties: false } as const

/** The part of a policy that says how people review. */
export const ReviewPolicySchema = Type.Object(
  {
    slaMinutes: Type.Integer({ minimum: 1, maximum: 43_200, description: 'A person decides within this time' }),
    claimMinutes: Type.Integer({ minimum: 1, maximum: 1440, description: 'A claim ends after this time' }),
    stepUpMinutes: Type.Integer({ minimum: 1, maximum: 129_600, description: 'Evidence is taken within this time' }),
    stepUpAttempts: Type.Integer({ minimum: 1, maximum: 10, description: 'How often evidence of a type is taken' }),
    secondPersonFromMinor: Type.Array(
      Type.Object({ product: Type.Enum([...PRODUCTS]), amountMinor: amountSchema('From this amount on', 1) }, strict),
      { description: 'Approvals that a second person must give as well' }
    )
  },
  { ...strict, description: 'How people review; without it the defaults of src/policy/review-policy.ts' }
)
export type ReviewPolicy = Readonly<Static<typeof ReviewPolicySchema>>

/** A day to decide, half an hour for a claim, three days and three tries for evidence. */
export const DEFAULT_REVIEW_POLICY: ReviewPolicy = {
  slaMinutes: 1440,
  claimMinutes: 30,
  stepUpMinutes: 4320,
  stepUpAttempts: 3,
  secondPersonFromMinor: []
}

/** Whether an approval of this amount needs two people. */
export function needsSecondPerson(
  { secondPersonFromMinor }: ReviewPolicy,
  product: (typeof PRODUCTS)[number],
  amountMinor: number
): boolean {
  return secondPersonFromMinor.some((rule) => rule.product === product && amountMinor >= rule.amountMinor)
}

/** How people review under a policy. */
export function reviewPolicyOf({ review }: { readonly review?: ReviewPolicy }): ReviewPolicy {
  return review ?? DEFAULT_REVIEW_POLICY
}
