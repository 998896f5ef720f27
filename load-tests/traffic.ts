import {
  BANK_ACCOUNT_TYPES,
  type DecisionRequest,
  EDUCATIONS,
  EMPLOYMENTS,
  PURPOSES
} from '../src/domain/application.ts'
import { createRandom, pick, type Random } from './random.ts'

export interface TrafficOptions {
  readonly seed: number
  /** Begins every application id; two runs against one service need two. Letters and digits, at most 16. */
  readonly prefix: string
  /** How many people there are to apply; who applied comes back with another application. */
  readonly people?: number
}

export interface Traffic {
  /** The next application: never seen before, from somebody who may have been. */
  next(): DecisionRequest
}

/** So many that a full run seldom takes one past the velocity rules of the policy, or what is offered to one past the limit. */
const PEOPLE = 1_000_000
/** The first of them have had loans before, see loanHistory(). */
export const RETURNING_PEOPLE = 20_000
const RETURNING_SHARE = 0.3
/** People who share a device or a network; a service that links entities must meet some that are linked. */
const PEOPLE_PER_DEVICE = 1.25
const PEOPLE_PER_NETWORK = 4
const MIN_AMOUNT_MINOR = 1_000_000
const MAX_AMOUNT_MINOR = 6_000_000
const AMOUNT_STEP_MINOR = 50_000
const TERM_DAYS = [15, 30, 60, 90] as const
/** How often a form leaves a fact out, about as in the Superlender data. */
const MISSING_SHARE = 0.3

type Person = Pick<DecisionRequest, 'applicantId' | 'applicant' | 'identity' | 'device'>

/** Decision requests that the service accepts, the same for the same seed. */
export function createTraffic({ seed, prefix, people: count = PEOPLE }: TrafficOptions): Traffic {
  const random = createRandom(seed)
  let applications = 0
  return {
    next: () => ({
      applicationId: applicationId(prefix, applications++),
      ...person(whoApplies(random, count), count),
      product: 'cash',
      amountMinor: amount(random),
      currency: 'NGN',
      term: { count: pick(random, TERM_DAYS), unit: 'day' },
      purpose: pick(random, PURPOSES),
      consents: ['automated_decision']
    })
  }
}

/** Of one length for all of a run, so that a prepared request can change its id and keep its content-length. */
export function applicationId(prefix: string, index: number): string {
  return `${prefix}-${index.toString(36).padStart(7, '0')}`
}

export function applicantId(index: number): string {
  return `person-${digits(index, 7)}`
}

function whoApplies(random: Random, count: number): number {
  const among = random() < RETURNING_SHARE ? Math.min(count, RETURNING_PEOPLE) : count
  return Math.floor(random() * among)
}

/** The same for every seed: a person keeps phone, card and device from one run of a generator to the next. */
function person(index: number, count: number): Person {
  const random = createRandom(Math.imul(index + 1, 0x9e3779b1))
  const known = (): boolean => random() >= MISSING_SHARE
  return {
    applicantId: applicantId(index),
    applicant: {
      birthYear: 1956 + Math.floor(random() * 50),
      ...(known() && { employment: pick(random, EMPLOYMENTS) }),
      ...(known() && { education: pick(random, EDUCATIONS) }),
      ...(known() && { bankAccountType: pick(random, BANK_ACCOUNT_TYPES) })
    },
    identity: { phone: `+234${digits(8_000_000_000 + index, 10)}`, bankCard: `506100${digits(index, 10)}` },
    device: {
      deviceId: `device-${digits(Math.floor((random() * count) / PEOPLE_PER_DEVICE), 7)}`,
      ip: networkAddress(Math.floor((random() * count) / PEOPLE_PER_NETWORK))
    }
  }
}

function amount(random: Random): number {
  const steps = (MAX_AMOUNT_MINOR - MIN_AMOUNT_MINOR) / AMOUNT_STEP_MINOR
  return MIN_AMOUNT_MINOR + AMOUNT_STEP_MINOR * Math.floor(random() * (steps + 1))
}

/** Of the range that carriers share among their customers (RFC 6598). */
function networkAddress(index: number): string {
  return `100.${64 + ((index >> 16) & 63)}.${(index >> 8) & 255}.${index & 255}`
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
