import { readFile } from 'node:fs/promises'
import type { Application } from '../../src/domain/application.ts'
import type { Offer } from '../../src/domain/decision.ts'
import type { Fee } from '../../src/domain/fees.ts'
import type { Offers } from '../../src/policy/offers.ts'
import type { Pricing } from '../../src/policy/price-schema.ts'
import type { RateCaps } from '../../src/policy/pricing.ts'
import type { ProductPolicy } from '../../src/policy/product-schema.ts'
import type { Policy } from '../../src/policy/schema.ts'
import { pricedOffers } from './priced-offers.ts'

/** A policy of fixed prices, one offer a decision and no fees. */
const FIRST = JSON.parse(await readFile(new URL('../../policies/baseline-1.json', import.meta.url), 'utf8')) as Policy
const BARE = FIRST.products.find(({ product }) => product === 'consumer') as ProductPolicy

export const TEXTS = { name: '担保费', basis: '本金', method: '按月', payee: '担保公司', payeeLicence: 'guarantor' }
export const DISCLOSURE = {
  template: 'CN-2026-08',
  interest: { name: '利息', basis: '剩余本金', method: '按月', payee: '贷款人', payeeLicence: 'microloan' },
  contingent: [
    { name: '逾期罚息', basis: '逾期本金', rate: '合同利率×1.5', payee: '贷款人', payeeLicence: 'microloan' }
  ],
  minReadingSeconds: 10,
  confirmationRequired: true
}
export const upfront = (ratio: number): Fee => ({ ...TEXTS, collected: 'upfront', ratio })
export const eachPeriod = (ratio: number): Fee => ({ ...TEXTS, collected: 'eachPeriod', ratio })

/** The worked example of the domain reference 1.3: a year in equal instalments. */
export const PRICING: Pricing = {
  products: ['consumer'],
  funding: [{ from: '2025-01-01', ratio: 0.06 }],
  opexRatio: 0.015,
  averageBalance: 0.561,
  lossGivenDefault: 0.85,
  exposureAtDefault: 0.6,
  capitalRatio: 0,
  returnOnEquity: 0,
  marginRatio: 0.02,
  tick: 0.005,
  floor: 0.09,
  grid: [{ band: 'A', pd: 0.05 }]
}

export interface Asked {
  readonly policy?: Partial<Policy>
  readonly product?: Partial<ProductPolicy>
  readonly nominalRate?: number
  readonly caps?: RateCaps
  readonly amountMinor?: number
  readonly months?: number
  readonly limitMinor?: number
  readonly monthlyIncomeMinor?: number
  readonly at?: string
  readonly pd?: number
}

/** What is offered to somebody of band A who asks for 10,000 in twelve months. */
export function offering(asked: Asked): Offers {
  const { amountMinor = 1_000_000, months = 12, monthlyIncomeMinor } = asked
  const facts = monthlyIncomeMinor === undefined ? {} : { monthlyIncomeMinor }
  const application = {
    product: 'consumer',
    currency: 'CNY',
    amountMinor,
    term: { count: months, unit: 'month' },
    facts
  }
  return pricedOffers({
    policy: { ...FIRST, ...asked.policy },
    product: { ...BARE, ...asked.product },
    band: { band: 'A', pdBelow: 0.1, action: 'APPROVE', nominalRate: asked.nominalRate ?? 0.18, limitShare: 1 },
    application: application as unknown as Application,
    limitMinor: asked.limitMinor ?? BARE.amountMinor.max,
    pd: asked.pd ?? 0.04,
    caps: asked.caps ?? { nominal: null, effective: null },
    decisionId: 'd',
    nowMs: Date.parse(asked.at ?? '2026-11-25T12:00:00+08:00')
  })
}

/** @throws Error with the code where there are none */
export function offersOf(asked: Asked): readonly Offer[] {
  const made = offering(asked)
  if (made.kind === 'none') throw new Error(made.code)
  return made.offers
}

/** @throws Error where there is none */
export function firstOf(asked: Asked): Offer {
  const [first] = offersOf(asked)
  if (first === undefined) throw new Error('no offer')
  return first
}
