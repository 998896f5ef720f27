import { readFile } from 'node:fs/promises'
import type { DecideInput, ModelFacts } from '../../src/policy/engine.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { cashApplication } from '../support/cash-application.ts'

/** The last one without stages. */
export const BASELINE = new URL('../../policies/baseline-2.json', import.meta.url)
const { velocity } = JSON.parse(await readFile(BASELINE, 'utf8')) as { velocity: { feature: string }[] }

/** The features that the baseline asks for, earlier loans first. */
export const NAMES = ['applicant.loans_lifetime', ...velocity.map(({ feature }) => feature)]
export const { policy: POLICY } = await loadPolicy(BASELINE, NAMES)

/** A model of the cash product without an input. */
export const MODEL: ModelFacts = {
  scoreScale: { baseScore: 600, baseOdds: 50, pointsToDouble: 20 },
  population: { products: ['cash'], currencies: ['NGN'] },
  inputs: []
}

/** Somebody whom no rule of the baseline stops; nothing is known but the earlier loans. */
export function applying(earlierLoans: number): Omit<DecideInput, 'assessment'> {
  const application = cashApplication({ facts: { birthYear: 1990 } })
  const values = new Float64Array(NAMES.length)
  values[0] = earlierLoans
  const nowMs = Date.UTC(2026, 10, 25)
  return { application, values, vector: new Float32Array(0), historyTruncated: false, decisionId: 'd', nowMs }
}
