import { expect, test } from 'vitest'
import { ENTITY_KINDS } from '../../src/domain/event.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { MAX_RETAINED } from '../../src/features/history.ts'
import { createQuality } from '../../src/features/quality.ts'
import { packRecord } from '../../src/features/record.ts'
import { createFeatureSet } from '../../src/features/vector.ts'
import { application, buildTestApp, postDecision } from '../support/app.ts'
import { NOW_MS } from './behaviour.ts'
import { login } from './live-behaviour.ts'

const quality = createQuality(CATALOGUE)
const featureSet = createFeatureSet(CATALOGUE)
const APPLICATION = {
  amountMinor: 1,
  term: { count: 1, unit: 'day' },
  currency: 'NGN',
  facts: {}
} as unknown as Parameters<typeof featureSet.compute>[0]

function measured(logins: number, newestAgeMs: number) {
  const events = Array.from({ length: logins }, (_, index) =>
    login(`l${index}`, 'a', NOW_MS - newestAgeMs - index * 86_400)
  )
  const tail = Buffer.concat(events.map(packRecord))
  const states = ENTITY_KINDS.map((kind) => (kind === 'applicant' ? { profile: null, tail } : null))
  return featureSet.compute(APPLICATION, states, NOW_MS)
}

test('every feature gets back the age of its newest event to the second, and none where there was no event', () => {
  const values = measured(3, 7_654_321)
  const stored = quality.pack(values)
  const ages = quality.agesOf(stored)
  const expected = Array.from(values.newestAgeMs, (ms) => Math.floor(ms / 1000))
  expect(Array.from(ages)).toEqual(expected)
  expect(ages[featureSet.names.indexOf('applicant.logins_24h')]).toBe(7654)
  expect(ages[featureSet.names.indexOf('applicant.loans_lifetime')]).toBeNaN()
  expect(stored.inexact, 'all are exact').toBeUndefined()
})

test('what came from tiles is named', () => {
  const { inexact = [] } = quality.pack(measured(MAX_RETAINED * 4, 0))
  expect(inexact.length).toBeGreaterThan(0)
  expect(inexact.every((name) => name.startsWith('applicant.'))).toBe(true)
  expect(inexact).not.toContain('applicant.loans_lifetime')
})

test('a decision keeps the quality of its features in its record', async () => {
  const service = await buildTestApp()
  const { decisionId } = (await postDecision(service, application())).json()
  const stored = await service.store.read('alpha', decisionId)
  const record = JSON.parse(stored?.record ?? '')
  const ages = quality.agesOf(record.quality)
  expect(ages[featureSet.names.indexOf('applicant.applications_1h')]).toBe(0)
  expect(record.quality.inexact).toBeUndefined()
})
