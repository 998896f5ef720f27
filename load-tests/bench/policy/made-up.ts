import type { Application } from '../../../src/domain/application.ts'
import type { DecideInput, ModelFacts } from '../../../src/policy/engine.ts'
import type { Policy } from '../../../src/policy/schema.ts'
import type { Random } from '../../random.ts'

const NOW_MS = Date.UTC(2026, 10, 25)

export const FEATURES = [
  'applicant.loans_lifetime',
  'applicant.applications_24h',
  'applicant.applications_7d',
  'applicant.devices_30d',
  'applicant.phones_90d',
  'applicant.cards_90d',
  'device.applicants_7d',
  'device.applicants_30d',
  'card.applicants_lifetime',
  'phone.applications_7d',
  'ip.applications_1h'
] as const
const VELOCITY = FEATURES.slice(1)

export const MODEL: ModelFacts = {
  scoreScale: { baseScore: 600, baseOdds: 50, pointsToDouble: 20 },
  population: { products: ['consumer'], currencies: ['CNY'] },
  inputs: [{ range: [0, 1], missing: 'allowed', group: 'R130' }]
}

/** Ten rules of velocity besides those of the law, three tables, and a grid of three amounts by three terms. */
export const POLICY: Policy = {
  version: 'bench',
  flow: 'staged',
  products: [
    {
      product: 'consumer',
      currency: 'CNY',
      amountMinor: { min: 50_000, max: 20_000_000, step: 10_000 },
      term: { unit: 'month', min: 1, max: 24, instalmentEvery: { count: 1, unit: 'month' } },
      offerGrid: { amountShares: [0.75, 0.5], terms: [6, 3] },
      firstLoanMaxMinor: 1_000_000,
      utcOffsetMinutes: 480,
      students: false,
      rules: { jurisdiction: 'CN', lenderType: 'online_microloan' },
      affordability: 'required'
    }
  ],
  minimumAgeYears: 18,
  requiredConsents: ['automated_decision'],
  prohibitedPurposes: ['securities', 'property', 'debt_repayment'],
  velocity: VELOCITY.map((feature) => ({ feature, above: 20, action: 'REFER' })),
  tables: [
    {
      name: 'identity',
      stage: 'fraud',
      hitPolicy: 'first',
      rows: [
        { when: { 'device.applicants_7d': { above: 3 } }, output: { action: 'REFER', reason: 'R502' } },
        { when: { 'ip.applications_1h': { above: 10 } }, output: { action: 'REFER', reason: 'R503' } },
        { when: { 'applicant.phones_90d': { above: 4, missing: true } }, output: { action: 'REFER', reason: 'R401' } }
      ]
    },
    {
      name: 'thin-files',
      stage: 'credit',
      hitPolicy: 'first',
      rows: [
        {
          when: { pd: { above: 0.2 }, employment: { in: ['unemployed', 'other'] } },
          output: { action: 'DECLINE', reason: 'R140' }
        },
        {
          when: { 'applicant.loans_lifetime': { below: 1 }, amountMinor: { above: 5_000_000 } },
          output: { action: 'REFER', reason: 'R131' }
        }
      ]
    },
    {
      name: 'segments',
      stage: 'limit',
      hitPolicy: 'first',
      rows: [
        { when: { employment: { in: ['permanent', 'contract'] } }, output: { segment: 'employed' } },
        { when: { ageYears: { below: 25 } }, output: { limitShare: 0.5 } }
      ]
    }
  ],
  limits: [
    {
      product: 'consumer',
      incomeMultiples: { A: 12, B: 8 },
      expectedLoss: { budgetMinor: 1_000_000, lossGivenDefault: 0.85 },
      segments: [{ segment: 'employed', maxMinor: 15_000_000 }]
    }
  ],
  lender: { currency: 'CNY', netAssetsMinor: 100_000_000_000 },
  bands: [
    { band: 'A', pdBelow: 0.1, action: 'APPROVE', nominalRate: 0.15, limitShare: 1 },
    { band: 'B', pdBelow: 0.2, action: 'APPROVE', nominalRate: 0.18, limitShare: 0.7 },
    { band: 'C', pdBelow: 1, action: 'DECLINE', nominalRate: null, limitShare: 0 }
  ],
  maxDebtToIncome: 0.5,
  rateCap: 0.24,
  offerValidDays: 7
}

/** One application that is approved with nine offers, unlike the others in amounts, income and risk. */
export function madeUpInput(random: Random, index: number): DecideInput {
  const amountMinor = 1_000_000 + Math.floor(random() * 200) * 10_000
  const application: Application = {
    tenant: 'bench',
    applicationId: `application-${index}`,
    product: 'consumer',
    amountMinor,
    currency: 'CNY',
    term: { count: 12, unit: 'month' },
    purpose: 'consumption',
    facts: {
      birthYear: 1970 + Math.floor(random() * 30),
      employment: random() < 0.7 ? 'permanent' : 'self_employed',
      monthlyIncomeMinor: 2_000_000 + Math.floor(random() * 2_000_000)
    },
    refs: { applicant: `applicant-${index}` },
    consents: ['automated_decision', 'bureau_query']
  }
  const values = Float64Array.from(FEATURES, () => Math.floor(random() * 3))
  values[0] = 1 + Math.floor(random() * 5)
  const pd = 0.01 + random() * 0.15
  return {
    application,
    values,
    vector: Float32Array.of(random()),
    assessment: { kind: 'scored', pd, contributions: null },
    historyTruncated: false,
    decisionId: `0199d0c0-0000-7000-8000-${String(index).padStart(12, '0')}`,
    nowMs: NOW_MS + index
  }
}
