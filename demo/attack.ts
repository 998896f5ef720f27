import type { Assumptions } from '../load-tests/simulator/assumptions.ts'
import { createChance } from '../load-tests/simulator/chance.ts'
import { fraudManner } from '../load-tests/simulator/manners.ts'
import { newDevice } from '../load-tests/simulator/person.ts'
import { createScene, type SimulatedItem } from '../load-tests/simulator/scene.ts'
import { apply, openAccount } from '../load-tests/simulator/session.ts'
import { cardNumber, MINUTE_MS, proxyAddress } from '../load-tests/simulator/world.ts'

export interface AttackOptions {
  readonly seed: number
  readonly assumptions: Assumptions
  readonly prefix: string
  readonly identities: number
  readonly startMs: number
}

const DEVICES = 2
const APART_MS = 4 * MINUTE_MS
const NAMES_A_CARD = 4

/** One device farm in one night: bought identities on two phones behind one rented address, four minutes apart. */
export function attack({ seed, assumptions, prefix, identities, startMs }: AttackOptions): readonly SimulatedItem[] {
  const chance = createChance(seed, 'attack')
  const persona = 'device-farm'
  const scene = createScene({ chance, assumptions, persona, size: identities, isCareful: false, prefix, startMs })
  const devices = Array.from({ length: DEVICES }, () => newDevice(chance))
  const cards = Array.from({ length: Math.ceil(identities / NAMES_A_CARD) }, () => cardNumber(chance))
  const ip = proxyAddress(chance)
  for (let index = 0; index < identities; index++) {
    const person = scene.newPerson()
    person.deviceId = chance.pick(devices)
    person.bankCard = chance.pick(cards)
    const manner = { ...fraudManner(scene, person.deviceId, true), ip }
    const atMs = startMs + index * APART_MS
    openAccount(scene, person, atMs, { deviceId: person.deviceId, ip })
    apply(scene, person, atMs + MINUTE_MS, manner, true)
  }
  return scene.items
}
