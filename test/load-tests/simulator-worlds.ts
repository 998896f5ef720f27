import { type Assumptions, PERSONAS, type PersonaName, SCENARIOS } from '../../load-tests/simulator/assumptions.ts'
import type { SimulatedItem } from '../../load-tests/simulator/scene.ts'
import { createSimulator, type SimulatorOptions } from '../../load-tests/simulator/simulator.ts'

export const START_MS = Date.UTC(2026, 0, 1)
export const DAY_MS = 86_400_000

/** A small world of the training scenario, or another one. */
export function simulate(options: Partial<SimulatorOptions> = {}): SimulatedItem[] {
  const usual = { seed: 1, assumptions: SCENARIOS.training, startMs: START_MS, days: 40, applicants: 3000 }
  return [...createSimulator({ ...usual, ...options }).items()]
}

/** A world of one kind of people, all plain or all careful. */
export function only(persona: PersonaName, changes: Partial<Assumptions> = {}): Assumptions {
  const mix = Object.fromEntries(PERSONAS.map((name) => [name, name === persona ? 1 : 0])) as Assumptions['mix']
  return { ...SCENARIOS.training, silentShare: 0, deviceHiddenShare: 0, carefulShare: 0, ...changes, mix }
}

export const applicationsOf = (items: readonly SimulatedItem[]) =>
  items.flatMap((item) => (item.kind === 'application' ? item : []))
export const eventsOf = (items: readonly SimulatedItem[]) =>
  items.flatMap((item) => (item.kind === 'event' ? item.event : []))
