import { describe, expect, test } from 'vitest'
import { FRAUD_PERSONAS, PERSONAS, SCENARIOS } from '../../load-tests/simulator/assumptions.ts'
import type { Persona } from '../../load-tests/simulator/persona.ts'
import { createSimulator, PERSONA_ACTS } from '../../load-tests/simulator/simulator.ts'
import { createTally } from '../../load-tests/simulator/summary.ts'
import { PastRequestSchema } from '../../src/cli/history-files.ts'
import { compileCheck } from '../../src/domain/check.ts'
import { EventInputSchema } from '../../src/domain/event.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { applicationsOf, DAY_MS, eventsOf, START_MS, simulate } from './simulator-worlds.ts'

const YEAR = { seed: 1, assumptions: SCENARIOS.training, startMs: START_MS, days: 365, applicants: 50_000 }

describe('a simulated stream', () => {
  test('is the same to the byte for the same seed, another for another, and the same again from the same simulator', () => {
    const bytes = JSON.stringify(simulate())
    expect(JSON.stringify(simulate())).toBe(bytes)
    expect(JSON.stringify(simulate({ seed: 2 }))).not.toBe(bytes)
    const simulator = createSimulator({
      seed: 1,
      assumptions: SCENARIOS.training,
      startMs: START_MS,
      days: 40,
      applicants: 3000
    })
    expect(JSON.stringify([...simulator.items()])).toBe(JSON.stringify([...simulator.items()]))
    expect(JSON.stringify([...simulator.items()])).toBe(bytes)
  })

  test('is made as it is asked for: whoever takes a hundred items of a year pays for its first day', () => {
    let acts = 0
    const counting = (persona: Persona): Persona => ({
      ...persona,
      act: (scene) => {
        acts++
        persona.act(scene)
      }
    })
    const personas = Object.fromEntries(Object.entries(PERSONA_ACTS).map(([name, act]) => [name, counting(act)]))
    const year = createSimulator({ ...YEAR, personas: personas as typeof PERSONA_ACTS })
    let taken = 0
    for (const _ of year.items()) if (++taken === 100) break
    expect(acts).toBeGreaterThan(0)
    expect(acts).toBeLessThan(year.actors / 100)
  })

  test('comes by time, within its days, every id once', () => {
    const items = simulate()
    const times = items.map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((left, right) => left - right))
    expect(times[0]).toBeGreaterThanOrEqual(START_MS)
    expect(times.at(-1)).toBeLessThan(START_MS + 40 * DAY_MS)
    const ids = items.map((item) => (item.kind === 'event' ? item.event.eventId : item.request.applicationId))
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('is what the service accepts, envelope and payload', () => {
    const edge = createEdge((_tenant, kind, value) => `${kind}:${value}`)
    const [checkEvent, checkRequest] = [compileCheck(EventInputSchema), compileCheck(PastRequestSchema)]
    for (const item of simulate({ assumptions: SCENARIOS.shifted })) {
      if (item.kind === 'event') {
        expect(checkEvent(item.event)).toMatchObject({ ok: true })
        expect(edge.toEvent('offline', item.event, '', Number.POSITIVE_INFINITY)).toHaveProperty('eventId')
        expect(item.event.occurredAtMs).toBe(item.atMs)
      } else {
        const line = { ...item.request, asOf: item.atMs, outcome: item.truth.outcome }
        expect(checkRequest(line)).toMatchObject({ ok: true })
        expect(edge.toApplication('offline', item.request)).toHaveProperty('refs')
      }
    }
  })

  test('brings as many people of each kind as the assumptions say', () => {
    const items = simulate({ applicants: 20_000, days: 200 })
    const tally = createTally()
    for (const item of items) tally.add(item)
    const { personas } = tally.summary()
    const total = personas.reduce((sum, { applicants }) => sum + applicants, 0)
    // Late arrivals may not apply any more before the end, so not all 20,000 are seen.
    expect(total).toBeGreaterThan(18_000)
    expect(total).toBeLessThanOrEqual(20_000)
    for (const { persona, applicants } of personas) {
      const expected = SCENARIOS.training.mix[persona]
      expect(Math.abs(applicants / total - expected), persona).toBeLessThan(0.015 + expected / 10)
    }
    for (const { persona, applications, frauds } of personas) {
      expect(applications, persona).toBeGreaterThan(0)
      if (!FRAUD_PERSONAS.some((name) => name === persona)) expect(frauds, persona).toBe(0)
      else if (persona !== 'stolen-identity') expect(frauds, persona).toBe(applications)
    }
  })

  test('labels with the noise that the assumptions say', () => {
    const truths = applicationsOf(simulate({ applicants: 30_000, days: 100 })).map(({ truth }) => truth)
    const share = (isFraud: boolean, outcome: string) => {
      const of = truths.filter((truth) => truth.isFraud === isFraud)
      return of.filter((truth) => truth.outcome === outcome).length / of.length
    }
    expect(Math.abs(share(true, 'good') - SCENARIOS.training.missedFraudShare)).toBeLessThan(0.03)
    expect(Math.abs(share(false, 'bad') - SCENARIOS.training.falseAlarmShare)).toBeLessThan(0.002)
  })

  test('tells a label days after the application it is about, never before', () => {
    const items = simulate()
    const bads = applicationsOf(items).filter(({ truth }) => truth.outcome === 'bad')
    const labels = eventsOf(items).filter(({ type }) => type === 'fraud.labelled')
    expect(labels.length).toBeGreaterThan(20)
    for (const { applicantId, occurredAtMs } of labels) {
      const own = bads.filter(({ request }) => request.applicantId === applicantId)
      expect(own.some(({ atMs }) => atMs + 3 * DAY_MS <= occurredAtMs)).toBe(true)
    }
  })

  test('says nothing of a label in what is posted: neither ids nor facts name a persona', () => {
    for (const item of simulate({ applicants: 500 })) {
      const posted = JSON.stringify(item.kind === 'event' ? item.event : item.request)
      expect(posted).not.toMatch(new RegExp(PERSONAS.join('|')))
      if (item.kind === 'application') expect(posted).not.toMatch(/outcome|truth|hiddenRisk|isFraud/)
    }
  })

  test('leaves other actors as they are when one persona is changed', () => {
    const quiet: Persona = { name: 'careless', sizes: () => [1, 1], act: () => {} }
    const options = { seed: 1, assumptions: SCENARIOS.training, startMs: START_MS, days: 40, applicants: 400 }
    const all = applicationsOf([...createSimulator(options).items()])
    const personas = { ...PERSONA_ACTS, careless: quiet }
    const without = applicationsOf([...createSimulator({ ...options, personas }).items()])
    expect(without).toEqual(all.filter(({ truth }) => truth.persona !== 'careless'))
  })
})
