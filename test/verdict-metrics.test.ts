import { expect, test } from 'vitest'
import { createFeatureCounts } from '../src/feature-metrics.ts'
import { createMetrics } from '../src/metrics.ts'
import type { Verdict } from '../src/policy/engine.ts'
import { observeVerdicts } from '../src/verdict-metrics.ts'

const POLICY = { rateCap: 0.24, velocity: [{ feature: 'device.applicants_30d', above: 5, action: 'DECLINE' }] } as const
const SCORE = { pd: 0.05, points: 600, band: 'B' } as Verdict['score']
const REFUSED: Verdict = {
  outcome: 'DECLINE',
  score: null,
  limit: null,
  offers: [],
  reasons: [],
  utcOffsetMinutes: null
}

function observe(...verdicts: Verdict[]) {
  const metrics = createMetrics({ process: 'gateway', version: 'test', withDefaults: false })
  const tell = observeVerdicts(metrics, () => ({ ...POLICY, velocity: [...POLICY.velocity] }))
  for (const verdict of verdicts) tell(verdict, 'cash')
  return async (name: string) => (await metrics.registry.getSingleMetricAsString(name)).split('\n').slice(2)
}

const offer = (nominal: number, effective: number) => ({ apr: { nominal, effective } }) as Verdict['offers'][number]
const granted = (limit: NonNullable<Verdict['limit']>, ...offers: Verdict['offers']): Verdict => ({
  ...REFUSED,
  outcome: 'APPROVE',
  score: SCORE,
  limit,
  offers
})
const LIMIT = { currency: 'CNY', amountMinor: 450_000, bindingConstraint: 'EXPOSURE' } as const

test('an approved limit is told in whole units of its currency, with what bound it and the band', async () => {
  const shown = observe(granted(LIMIT, offer(0.18, 0.196)))
  expect(await shown('credit_offer_limit')).toContain('credit_offer_limit_sum{product="cash",currency="CNY"} 4500')
  expect(await shown('credit_limit_bindings_total')).toEqual([
    'credit_limit_bindings_total{product="cash",constraint="EXPOSURE"} 1'
  ])
  expect(await shown('credit_decision_bands_total')).toEqual(['credit_decision_bands_total{product="cash",band="B"} 1'])
})

test('a limit too small to be granted still says what bound it', async () => {
  const steps = { limit: { bounds: {}, by: 'AFFORDABILITY', amountMinor: 0 } } as const
  const shown = observe({ ...REFUSED, score: SCORE, steps })
  expect(await shown('credit_limit_bindings_total')).toEqual([
    'credit_limit_bindings_total{product="cash",constraint="AFFORDABILITY"} 1'
  ])
  expect(await shown('credit_offer_limit')).toEqual([])
})

test('a cap binds where an offer is at it or no price was below it, and not where there is room', async () => {
  const caps = { nominal: 0.24, effective: 0.24 }
  const statutory = { caps, capRules: { nominal: null, effective: 'CN-24' } } as unknown as Verdict['statutory'] &
    object
  const shown = observe(
    granted(LIMIT, offer(0.2, 0.22)),
    granted(LIMIT, offer(0.2399, 0.2399)),
    { ...granted(LIMIT, offer(0.217, 0.2399)), statutory },
    { ...REFUSED, statutory, steps: { offers: 'R310' } },
    { ...REFUSED, statutory, steps: { offers: 'R301' } }
  )
  expect(await shown('credit_price_cap_bindings_total')).toEqual([
    'credit_price_cap_bindings_total{cap_rule="policy"} 1',
    'credit_price_cap_bindings_total{cap_rule="CN-24"} 2'
  ])
})

test('each rule that hit is told with its stage, a velocity rule by what it looks at', async () => {
  const hit = (rule: string) => ({ rule, outcome: 'DECLINE', reason: 'R501', read: {} }) as const
  const nextActions = [{ type: 'PROVIDE_DOCUMENT' }] as unknown as NonNullable<Verdict['nextActions']>
  const shown = observe({
    ...REFUSED,
    nextActions,
    steps: {
      fraud: { outcome: 'DECLINE', hits: [hit('velocity/0')] },
      statutory: 'PASS',
      eligibility: { outcome: 'DECLINE', hits: [hit('proofs/1')] }
    }
  })
  expect(await shown('credit_rule_hits_total')).toEqual([
    'credit_rule_hits_total{stage="fraud",rule_id="device.applicants_30d > 5",action="decline"} 1',
    'credit_rule_hits_total{stage="eligibility",rule_id="proofs/1",action="decline"} 1'
  ])
  expect(await shown('credit_next_actions_total')).toEqual(['credit_next_actions_total{type="PROVIDE_DOCUMENT"} 1'])
})

test('features without a value are counted by what they are about, once a scrape', async () => {
  const metrics = createMetrics({ process: 'gateway', version: 'test', withDefaults: false })
  const counts = createFeatureCounts(metrics, [{ name: 'device.a' }, { name: 'applicant.b' }, { name: 'device.c' }])
  counts.observe(Float64Array.of(Number.NaN, 0, Number.NaN))
  counts.observe(Float64Array.of(1, Number.NaN, Number.NaN))
  counts.tell()
  counts.tell()
  const shown = async (name: string) => (await metrics.registry.getSingleMetricAsString(name)).split('\n').slice(2)
  expect(await shown('credit_feature_reads_total')).toEqual([
    'credit_feature_reads_total{feature_group="device"} 4',
    'credit_feature_reads_total{feature_group="applicant"} 2'
  ])
  expect(await shown('credit_feature_missing_total')).toEqual([
    'credit_feature_missing_total{feature_group="device"} 3',
    'credit_feature_missing_total{feature_group="applicant"} 1'
  ])
})
