import { honestManner } from './manners.ts'
import { newDevice } from './person.ts'
import type { Persona } from './persona.ts'
import { apply, openAccount } from './session.ts'
import { homeAddress, MINUTE_MS } from './world.ts'

const DAYS = 30
const MARKET_DAY_SHARE = 0.5

/**
 * Honest people without a phone of their own who apply in an internet café or with an agent: up to dozens on one to three
 * devices and one address, the clerk filling in the form fast and pasting. Half of them come on market days, several in a
 * row. From afar it is a device farm.
 */
export const cafe: Persona = {
  name: 'cafe',
  sizes: ({ cafeMaxPeople }) => [3, cafeMaxPeople],
  act: (scene) => {
    const { chance, size } = scene
    const ip = homeAddress(chance)
    const devices = Array.from({ length: chance.whole(1, 3) }, () => newDevice(chance))
    const marketDay = chance.whole(0, 6)
    for (let index = 0; index < size; index++) {
      const person = scene.newPerson()
      person.deviceId = chance.pick(devices)
      const day = chance.is(MARKET_DAY_SHARE) ? marketDay + 7 * chance.whole(0, 3) : chance.whole(0, DAYS)
      const atMs = scene.at(day, person, 'office')
      openAccount(scene, person, atMs, { deviceId: person.deviceId, ip })
      const pastes = chance.is(0.4) ? chance.whole(1, 4) : 0
      const manner = {
        ...honestManner(scene, person),
        deviceId: person.deviceId,
        ip,
        isProxy: false,
        isNewDevice: true,
        formMs: Math.max(25_000, chance.around(1.8 * MINUTE_MS, 0.5)),
        pastes
      }
      apply(scene, person, atMs + chance.between(5, 20) * MINUTE_MS, manner, false)
    }
  }
}
