import { BANK_ACCOUNT_TYPES, type DecisionRequest, EDUCATIONS, EMPLOYMENTS } from '../../src/domain/application.ts'
import type { Currency } from '../../src/domain/money.ts'
import type { Assumptions } from './assumptions.ts'
import type { Chance } from './chance.ts'
import { COUNTRIES, cardNumber, carrierAddress, homeAddress, phoneNumber } from './world.ts'

/** Somebody who may apply. What can change during a life is changed in place by the persona. */
export interface Person {
  readonly applicantId: string
  readonly currency: Currency
  readonly utcOffsetMs: number
  readonly facts: DecisionRequest['applicant']
  /** Probability that a loan of this person is not repaid; nobody who decides can see it. */
  readonly hiddenRisk: number
  /** The front-end sends no events but applications. */
  readonly isSilent: boolean
  /** The front-end tells neither device nor address. */
  readonly hidesDevice: boolean
  readonly carriers: readonly string[]
  homeIp: string
  deviceId: string
  phone: string
  bankCard: string
  city: string
}

const CITIES = 300
const CARRIERS_OF_A_PERSON = 3
const FACT_SHARE = 0.75
const shares = Object.fromEntries(Object.entries(COUNTRIES).map(([currency, { share }]) => [currency, share]))

export function createPerson(chance: Chance, applicantId: string, assumptions: Assumptions): Person {
  const currency = chance.weighted(shares as Record<Currency, number>)
  const { utcOffsetHours, amountMinor } = COUNTRIES[currency]
  const known = () => chance.is(FACT_SHARE)
  return {
    applicantId,
    currency,
    utcOffsetMs: utcOffsetHours * 3_600_000,
    facts: {
      birthYear: chance.whole(1960, 2006),
      ...(known() && { employment: chance.pick(EMPLOYMENTS) }),
      ...(known() && { education: chance.pick(EDUCATIONS) }),
      ...(known() && { bankAccountType: chance.pick(BANK_ACCOUNT_TYPES) }),
      ...(known() && { monthlyIncomeMinor: 100 * Math.round(chance.around(amountMinor, 0.5) / 100) })
    },
    hiddenRisk: Math.min(0.9, chance.around(0.08, 0.9)),
    isSilent: chance.is(assumptions.silentShare),
    hidesDevice: chance.is(assumptions.deviceHiddenShare),
    carriers: Array.from({ length: CARRIERS_OF_A_PERSON }, () => carrierAddress(chance, assumptions.carrierAddresses)),
    homeIp: homeAddress(chance),
    deviceId: newDevice(chance),
    phone: phoneNumber(chance),
    bankCard: cardNumber(chance),
    city: newCity(chance)
  }
}

/** A fingerprint that nobody had before: 48 random bits. */
export function newDevice(chance: Chance): string {
  const half = () =>
    Math.floor(chance.random() * 0x100_0000)
      .toString(16)
      .padStart(6, '0')
  return `device-${half()}${half()}`
}

export function newCity(chance: Chance): string {
  return `city-${chance.whole(1, CITIES)}`
}

/** Where the person is on the network: at home or with a carrier. */
export function addressOf(chance: Chance, person: Person): string {
  return chance.is(0.5) ? person.homeIp : chance.pick(person.carriers)
}
