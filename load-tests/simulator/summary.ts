import { PERSONAS, type PersonaName } from './assumptions.ts'
import type { SimulatedItem } from './scene.ts'

/** What came out, for one persona. */
export interface PersonaCounts {
  readonly persona: PersonaName
  applicants: number
  applications: number
  frauds: number
  /** Applications with the label bad. */
  labelledBad: number
  devices: number
  addresses: number
}

export interface Summary {
  readonly note: string
  readonly events: number
  readonly applications: number
  readonly frauds: number
  readonly labelledBad: number
  readonly personas: readonly PersonaCounts[]
}

export interface Tally {
  readonly add: (item: SimulatedItem) => void
  readonly summary: () => Summary
}

/** Counts per persona what a stream holds. People are counted by their applications. */
export function createTally(): Tally {
  const counts = new Map(PERSONAS.map((persona) => [persona, emptyCounts(persona)]))
  const seen = new Set<string>()
  let events = 0
  const isNew = (key: string | undefined) => key !== undefined && !seen.has(key) && seen.add(key) !== undefined

  const add = (item: SimulatedItem): void => {
    if (item.kind === 'event') {
      events++
      return
    }
    const { request, truth } = item
    const of = counts.get(truth.persona) as PersonaCounts
    of.applications++
    if (isNew(request.applicantId)) of.applicants++
    if (isNew(request.device?.deviceId)) of.devices++
    if (isNew(request.device?.ip)) of.addresses++
    if (truth.isFraud) of.frauds++
    if (truth.outcome === 'bad') of.labelledBad++
  }
  const summary = (): Summary => {
    const personas = [...counts.values()]
    const total = (of: 'applications' | 'frauds' | 'labelledBad') => personas.reduce((sum, each) => sum + each[of], 0)
    return {
      note: 'simulated data',
      events,
      applications: total('applications'),
      frauds: total('frauds'),
      labelledBad: total('labelledBad'),
      personas
    }
  }
  return { add, summary }
}

function emptyCounts(persona: PersonaName): PersonaCounts {
  return { persona, applicants: 0, applications: 0, frauds: 0, labelledBad: 0, devices: 0, addresses: 0 }
}
