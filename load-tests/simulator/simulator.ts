import { type Assumptions, FRAUD_PERSONAS, PERSONAS, type PersonaName } from './assumptions.ts'
import { burst } from './burst.ts'
import { cafe } from './cafe.ts'
import { careless } from './careless.ts'
import { createChance } from './chance.ts'
import { deviceFarm } from './device-farm.ts'
import { family } from './family.ts'
import { honest } from './honest.ts'
import { ItemQueue } from './item-queue.ts'
import type { Persona } from './persona.ts'
import { createScene, type SimulatedItem } from './scene.ts'
import { stacking } from './stacking.ts'
import { stolenIdentity } from './stolen-identity.ts'
import { DAY_MS } from './world.ts'

export interface SimulatorOptions {
  readonly seed: number
  readonly assumptions: Assumptions
  /** Begin of the first day, in milliseconds UTC. */
  readonly startMs: number
  readonly days: number
  /** How many people arrive, evenly spread over the days. */
  readonly applicants: number
  /** Begins every id; two runs against one service need two. Letters and digits, at most 16. */
  readonly prefix?: string
  /** The kinds of people; those of the simulator unless told otherwise. */
  readonly personas?: Readonly<Record<PersonaName, Persona>>
}

export interface Simulator {
  /** Families, gangs and single people. */
  readonly actors: number
  /** Events and applications by time, made as they are asked for; each call begins anew. Nothing lies after the last day. */
  readonly items: () => Generator<SimulatedItem>
}

/** What each kind of actor does. */
export const PERSONA_ACTS: Readonly<Record<PersonaName, Persona>> = {
  honest,
  careless,
  family,
  cafe,
  burst,
  'device-farm': deviceFarm,
  'stolen-identity': stolenIdentity,
  stacking
}

/**
 * Applicants of all kinds and what they do, the same for the same options to the byte. Every actor draws from numbers of
 * its own, so that a change to one persona leaves the others as they were.
 */
export function createSimulator(options: SimulatorOptions): Simulator {
  const { seed, assumptions, startMs, days, applicants, prefix = 'sim', personas = PERSONA_ACTS } = options
  const weights = weightsOf(assumptions, personas)

  const cast = function* (): Generator<{ persona: Persona; size: number }> {
    for (let [actor, left] = [0, applicants]; left > 0; actor++) {
      const chance = createChance(seed, `cast ${actor}`)
      const persona = personas[chance.weighted(weights)]
      const [fewest, most] = persona.sizes(assumptions)
      const size = Math.min(left, fewest + Math.floor((most - fewest + 1) * chance.random() ** 2))
      left -= size
      yield { persona, size }
    }
  }
  let actors = 0
  for (const _ of cast()) actors++

  const items = function* (): Generator<SimulatedItem> {
    const queue = new ItemQueue()
    let [actor, day] = [0, 0]
    for (const { persona, size } of cast()) {
      for (const arrival = Math.floor((actor * days) / actors); day < arrival; day++)
        yield* takeAll(queue, startMs + (day + 1) * DAY_MS)
      const chance = createChance(seed, `act ${actor}`)
      const isFraud = FRAUD_PERSONAS.some((name) => name === persona.name)
      const isCareful = isFraud && chance.is(assumptions.carefulShare)
      const at = startMs + day * DAY_MS
      const own = { persona: persona.name, size, isCareful, prefix: `${prefix}-${actor.toString(36)}`, startMs: at }
      const scene = createScene({ chance, assumptions, ...own })
      persona.act(scene)
      for (const item of scene.items) queue.put(item)
      actor++
    }
    yield* takeAll(queue, startMs + days * DAY_MS)
  }
  return { actors, items }
}

function* takeAll(queue: ItemQueue, untilMs: number): Generator<SimulatedItem> {
  for (let item = queue.takeBefore(untilMs); item !== undefined; item = queue.takeBefore(untilMs)) yield item
}

/** How likely each persona is as an actor: its part of the applicants by how many it brings on average. */
function weightsOf(assumptions: Assumptions, personas: Readonly<Record<PersonaName, Persona>>) {
  const weights = PERSONAS.map((name): [PersonaName, number] => {
    const [fewest, most] = personas[name].sizes(assumptions)
    return [name, assumptions.mix[name] / (fewest + (most - fewest) / 3)]
  })
  return Object.fromEntries(weights) as Record<PersonaName, number>
}
