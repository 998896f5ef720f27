import { Type } from 'typebox'
import type { CONSENTS } from '../application.ts'
import { LoanIdSchema } from '../ids.ts'
import {
  allOrNothing,
  categorySchema,
  codeOf,
  countSchema,
  defineType,
  durationSchema,
  hashOf,
  memberOf,
  permilleSchema,
  strict
} from './event-type.ts'

const City = categorySchema('Code of the city that the address is in')

export const LOGIN_CODES = { sms: 1, password: 2, biometric: 3, other: 4 } as const
export const LOGIN_FAILURE_CODES = { wrong_secret: 1, unknown_account: 2, locked: 3, expired: 4, other: 5 } as const
export const OTP_PURPOSE_CODES = { login: 1, register: 2, apply: 3, bind_card: 4, change_profile: 5, other: 6 } as const
export const OTP_RESULT_CODES = { passed: 1, wrong: 2, expired: 3 } as const
export const PROFILE_FIELD_CODES = {
  phone: 1,
  address: 2,
  employer: 3,
  income: 4,
  bankCard: 5,
  emergencyContact: 6
} as const
export const KYC_CODES = { passed: 1, unclear: 2, failed: 3 } as const
export const NAME_MATCH_CODES = { full: 1, partial: 2, none: 3 } as const
export const LABEL_CODES = { cleared: 1, suspected: 2, confirmed: 3 } as const
export const DISPUTE_CODES = { amount: 1, not_mine: 2, paid_already: 3, conduct: 4, other: 5 } as const
export const CONSENT_CODES = { automated_decision: 1, bureau_query: 2, marketing: 3 } as const satisfies Record<
  (typeof CONSENTS)[number],
  number
>

const LoginFacts = {
  method: Type.Optional(memberOf(LOGIN_CODES)),
  isNewDevice: Type.Optional(Type.Boolean({ description: 'Whether the account was never seen on this device' })),
  isProxy: Type.Optional(Type.Boolean({ description: 'Whether the address belongs to a proxy, a VPN or a host' })),
  city: Type.Optional(City)
}

/** The person’s account: how it is opened, entered, proved and changed, and what others say about it. */
export const ACCOUNT_EVENTS = {
  'auth.login': defineType({
    code: 6,
    data: Type.Object(LoginFacts, strict),
    fields: ({ method, isNewDevice, isProxy, city }) => ({
      code: codeOf(LOGIN_CODES, method),
      hash: hashOf(city),
      count: isNewDevice === undefined ? undefined : Number(isNewDevice),
      permille: allOrNothing(isProxy)
    })
  }),
  'profile.changed': defineType({
    code: 7,
    data: Type.Object(
      {
        field: memberOf(PROFILE_FIELD_CODES),
        changePermille: Type.Optional(
          permilleSchema('New amount by the old, where the field is one (income)', { maximum: 1_000_000 })
        )
      },
      strict
    ),
    fields: ({ field, changePermille }) => ({ code: PROFILE_FIELD_CODES[field], permille: changePermille })
  }),
  'account.registered': defineType({
    code: 8,
    data: Type.Object(
      {
        campaign: Type.Optional(categorySchema('Code of the campaign that brought the person')),
        isInvited: Type.Optional(Type.Boolean({ description: 'Whether somebody else invited the person' }))
      },
      strict
    ),
    fields: ({ campaign, isInvited }) => ({ hash: hashOf(campaign), permille: allOrNothing(isInvited) })
  }),
  'auth.login_failed': defineType({
    code: 9,
    data: Type.Object({ ...LoginFacts, reason: Type.Optional(memberOf(LOGIN_FAILURE_CODES)) }, strict),
    fields: ({ reason, isNewDevice, isProxy, city }) => ({
      code: codeOf(LOGIN_FAILURE_CODES, reason),
      hash: hashOf(city),
      count: isNewDevice === undefined ? undefined : Number(isNewDevice),
      permille: allOrNothing(isProxy)
    })
  }),
  'auth.otp_requested': defineType({
    code: 10,
    data: Type.Object({ purpose: Type.Optional(memberOf(OTP_PURPOSE_CODES)) }, strict),
    fields: ({ purpose }) => ({ code: codeOf(OTP_PURPOSE_CODES, purpose) })
  }),
  'auth.otp_verified': defineType({
    code: 11,
    data: Type.Object(
      {
        result: memberOf(OTP_RESULT_CODES),
        attempts: Type.Optional(countSchema('Codes tried', 1000)),
        latencyMs: Type.Optional(durationSchema('From the sending of the code to its entry'))
      },
      strict
    ),
    fields: ({ result, attempts, latencyMs }) => ({
      durationMs: latencyMs,
      code: OTP_RESULT_CODES[result],
      count: attempts
    })
  }),
  'kyc.completed': defineType({
    code: 12,
    data: Type.Object(
      {
        result: memberOf(KYC_CODES),
        attempts: Type.Optional(countSchema('Tries until this result', 1000)),
        livenessPermille: Type.Optional(permilleSchema('Certainty that a living person was there')),
        idValidityDays: Type.Optional(countSchema('Days until the identity document expires', 36_500))
      },
      strict
    ),
    fields: ({ result, attempts, livenessPermille, idValidityDays }) => ({
      termDays: idValidityDays,
      code: KYC_CODES[result],
      count: attempts,
      permille: livenessPermille
    })
  }),
  'bankcard.bound': defineType({
    code: 13,
    data: Type.Object(
      {
        nameMatch: Type.Optional(memberOf(NAME_MATCH_CODES, 'What the bank said about the holder’s name')),
        issuer: Type.Optional(categorySchema('Code of the bank')),
        isDebit: Type.Optional(Type.Boolean())
      },
      strict
    ),
    fields: ({ nameMatch, issuer, isDebit }) => ({
      code: codeOf(NAME_MATCH_CODES, nameMatch),
      hash: hashOf(issuer),
      permille: allOrNothing(isDebit)
    })
  }),
  'bankcard.unbound': defineType({
    code: 14,
    data: Type.Object({ boundForMs: Type.Optional(durationSchema('How long the card was bound')) }, strict),
    fields: ({ boundForMs }) => ({ durationMs: boundForMs })
  }),
  'fraud.labelled': defineType({
    code: 34,
    data: Type.Object({ label: memberOf(LABEL_CODES), loanId: Type.Optional(LoanIdSchema) }, strict),
    fields: ({ label }) => ({ code: LABEL_CODES[label] })
  }),
  'dispute.opened': defineType({
    code: 35,
    data: Type.Object({ reason: memberOf(DISPUTE_CODES), loanId: Type.Optional(LoanIdSchema) }, strict),
    fields: ({ reason }) => ({ code: DISPUTE_CODES[reason] })
  }),
  'consent.changed': defineType({
    code: 36,
    data: Type.Object({ consent: memberOf(CONSENT_CODES), isGiven: Type.Boolean() }, strict),
    fields: ({ consent, isGiven }) => ({ code: CONSENT_CODES[consent], permille: allOrNothing(isGiven) })
  })
} as const
