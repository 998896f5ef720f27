import { expect, test } from 'vitest'
import { fallbackMode } from '../../src/decision-metrics.ts'

test.each([
  ['HISTORY_TRUNCATED:device', 'APPROVE', false, 'default'],
  ['HISTORY_TRUNCATED:ip', 'REFER', false, 'default'],
  ['HISTORY_TRUNCATED:device', 'APPROVE', true, 'default'],
  ['HISTORY_TRUNCATED:applicant', 'REFER', false, 'refer'],
  ['HISTORY_TRUNCATED:applicant', 'DECLINE', false, 'default'],
  ['SYS_INFERENCE_TIMEOUT', 'REFER', false, 'refer'],
  ['SYS_INFERENCE_TIMEOUT', 'DECLINE', false, 'default'],
  ['SYS_INFERENCE_TIMEOUT', 'APPROVE', true, 'scorecard'],
  ['SCORECARD', 'DECLINE', true, 'scorecard'],
  ['LEFT_OUT:shadow', 'REFER', false, 'default'],
  ['LEFT_OUT:reasons', 'REFER', false, 'refer']
] as const)('without %s, %s, by the scorecard %s: counted as %s', (component, outcome, byScorecard, mode) => {
  expect(fallbackMode(component, outcome, byScorecard)).toBe(mode)
})
