import { type Static, Type } from 'typebox'
import { ApplicantIdSchema, ApplicationIdSchema, idSchema } from './ids.ts'
import { amountSchema, CurrencySchema } from './money.ts'

export const PRODUCTS = ['cash', 'consumer', 'business'] as const
export const PURPOSES = [
  'consumption',
  'education',
  'medical',
  'travel',
  'rent',
  'business',
  'home_improvement',
  'securities',
  'property',
  'debt_repayment',
  'other'
] as const
export const CONSENTS = ['automated_decision', 'bureau_query', 'marketing'] as const
export const EMPLOYMENTS = [
  'permanent',
  'contract',
  'self_employed',
  'student',
  'unemployed',
  'retired',
  'other'
] as const
export const EDUCATIONS = ['primary', 'secondary', 'graduate', 'postgraduate'] as const
export const BANK_ACCOUNT_TYPES = ['savings', 'current', 'other'] as const

const strict = { additionalProperties: false } as const

/** Units of the longest term that can be asked for. */
export const MAX_TERM_COUNT = 3650

export const TermSchema = Type.Object(
  {
    count: Type.Integer({ minimum: 1, maximum: MAX_TERM_COUNT, description: 'How many units' }),
    unit: Type.Enum(['day', 'month'])
  },
  { ...strict, description: 'How long the money is wanted' }
)
export type Term = Static<typeof TermSchema>

export const ApplicantFactsSchema = Type.Object(
  {
    birthYear: Type.Optional(Type.Integer({ minimum: 1900, maximum: 2100 })),
    employment: Type.Optional(Type.Enum([...EMPLOYMENTS])),
    education: Type.Optional(Type.Enum([...EDUCATIONS])),
    bankAccountType: Type.Optional(Type.Enum([...BANK_ACCOUNT_TYPES])),
    monthlyIncomeMinor: Type.Optional(amountSchema('Declared net income a month')),
    monthlyObligationsMinor: Type.Optional(amountSchema('Instalments and rent owed a month')),
    region: Type.Optional(Type.String({ pattern: '^[A-Z]{2}(-[A-Z0-9]{1,3})?$', description: 'ISO 3166-1 or 3166-2' }))
  },
  strict
)
export type ApplicantFacts = Static<typeof ApplicantFactsSchema>

// Enough characters must be left once spacing is gone, or strangers would share the token of nothing. Each pattern can match
// a text in one way only, so that no text takes long.
export const NationalIdSchema = Type.String({ maxLength: 64, pattern: '^(?:[ .-]*[A-Za-z0-9]){4,32}[ .-]*$' })
export const PhoneSchema = Type.String({ maxLength: 48, pattern: '^[+]?(?:[ ()-]*[0-9]){5,24}[ ()-]*$' })
export const BankCardSchema = Type.String({ maxLength: 48, pattern: '^(?:[ -]*[0-9]){8,32}[ -]*$' })
export const EmailSchema = Type.String({
  minLength: 3,
  maxLength: 254,
  pattern: '^[^\\s@\\u0000-\\u001f\\u007f\\ud800-\\udfff]+@[A-Za-z0-9.-]+$'
})

export const IdentitySchema = Type.Object(
  {
    nationalId: Type.Optional(NationalIdSchema),
    phone: Type.Optional(PhoneSchema),
    bankCard: Type.Optional(BankCardSchema),
    email: Type.Optional(EmailSchema)
  },
  { ...strict, description: 'Turned into keyed tokens at the edge; never stored, logged or passed on' }
)

export const IpSchema = Type.String({ minLength: 2, maxLength: 45, pattern: '^[0-9A-Fa-f:.]+$' })

export const DeviceSchema = Type.Object(
  {
    deviceId: Type.Optional(idSchema('Fingerprint of the device')),
    ip: Type.Optional(IpSchema)
  },
  strict
)

/** What a front-end posts to /v1/decisions. */
export const DecisionRequestSchema = Type.Object(
  {
    applicationId: ApplicationIdSchema,
    applicantId: ApplicantIdSchema,
    product: Type.Enum([...PRODUCTS]),
    amountMinor: amountSchema('Amount asked for, in minor units', 1),
    currency: CurrencySchema,
    term: TermSchema,
    purpose: Type.Enum([...PURPOSES]),
    applicant: ApplicantFactsSchema,
    identity: Type.Optional(IdentitySchema),
    device: Type.Optional(DeviceSchema),
    consents: Type.Array(Type.Enum([...CONSENTS]), { maxItems: 8, description: 'What the person has agreed to' })
  },
  { ...strict, $id: 'DecisionRequest' }
)
export type DecisionRequest = Static<typeof DecisionRequestSchema>

/** Who and what an event or an application is about, as keyed tokens (src/edge/tokens.ts). */
export interface Refs {
  readonly applicant: string
  readonly device?: string
  readonly ip?: string
  readonly phone?: string
  readonly card?: string
}

/** An application behind the edge: the request with every identifier of a person replaced by its token. */
export interface Application {
  readonly tenant: string
  readonly applicationId: string
  readonly product: DecisionRequest['product']
  readonly amountMinor: number
  readonly currency: DecisionRequest['currency']
  readonly term: Term
  readonly purpose: DecisionRequest['purpose']
  readonly facts: ApplicantFacts
  readonly refs: Refs
  readonly nationalId?: string
  readonly email?: string
  readonly consents: DecisionRequest['consents']
}

const DAYS_PER_MONTH = 30

/** The term in days; a month counts 30, as in the training data. */
export function termDays(term: Term): number {
  return term.unit === 'day' ? term.count : term.count * DAYS_PER_MONTH
}
