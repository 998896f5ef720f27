import { type Static, Type } from 'typebox'
import { chargeTexts } from './fees.ts'
import { amountSchema } from './money.ts'

const strict = { additionalProperties: false } as const
const { name, basis, payee, payeeLicence } = chargeTexts

/** A charge that falls due only when the borrower does not pay as agreed. */
const ContingentChargeSchema = Type.Object(
  {
    name,
    basis,
    rate: Type.String({ minLength: 1, maxLength: 60, description: 'Its standard, in words' }),
    payee,
    payeeLicence
  },
  strict
)
export type ContingentCharge = Static<typeof ContingentChargeSchema>

const ChargeSchema = Type.Object(
  {
    ...chargeTexts,
    annualised: Type.Number({ description: 'Its part of the all-in rate: the items add up to allInAnnualised' }),
    amountMinor: amountSchema('Over the whole term')
  },
  strict
)
export type Charge = Static<typeof ChargeSchema>

/** How the table is shown: the borrower reads it so long and confirms it before signing. */
export const disclosureTerms = {
  template: Type.String({ pattern: '^[A-Z0-9][A-Z0-9-]{1,31}$', description: 'Layout and wording of the table' }),
  contingent: Type.Array(ContingentChargeSchema, { maxItems: 8 }),
  minReadingSeconds: Type.Integer({ minimum: 0, maximum: 600 }),
  confirmationRequired: Type.Boolean()
} as const

/**
 * The table of all-in financing cost that a borrower sees before signing (综合融资成本明示表, domain reference 1.3 P3): every
 * charge of a loan that is repaid as agreed, what can come on top when it is not, and that there is nothing else.
 */
export const CostDisclosureSchema = Type.Object(
  {
    template: disclosureTerms.template,
    principalMinor: amountSchema('Borrowed', 1),
    items: Type.Array(ChargeSchema, { minItems: 1 }),
    allInAnnualised: Type.Number({ description: 'Of a loan repaid as agreed: the nominal rate of apr' }),
    contingent: disclosureTerms.contingent,
    noOtherCharges: Type.Literal(true),
    minReadingSeconds: disclosureTerms.minReadingSeconds,
    confirmationRequired: disclosureTerms.confirmationRequired
  },
  strict
)
export type CostDisclosure = Static<typeof CostDisclosureSchema>
