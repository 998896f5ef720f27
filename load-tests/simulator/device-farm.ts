import { fraudManner } from './manners.ts'
import { newDevice } from './person.ts'
import type { Persona } from './persona.ts'
import { apply, openAccount } from './session.ts'
import { cardNumber, DAY_MS, HOUR_MS, phoneNumber } from './world.ts'

const AGAIN_SHARE = 0.3

/**
 * A rack of three to eight phones and emulators through which bought identities rotate for weeks, each applying once or
 * twice, with a card for four of them and now and then a phone number of another. A careful farm resets a device after
 * each identity and lets accounts rest for days before they apply.
 */
export const deviceFarm: Persona = {
  name: 'device-farm',
  sizes: () => [8, 50],
  act: (scene) => {
    const { chance, size, isCareful } = scene
    const devices = Array.from({ length: chance.whole(3, 8) }, () => newDevice(chance))
    const days = chance.between(5, 30)
    const phones = Array.from({ length: Math.ceil(size / 3) }, () => phoneNumber(chance))
    const cards = Array.from({ length: Math.ceil(size / 4) }, () => cardNumber(chance))
    for (let index = 0; index < size; index++) {
      const person = scene.newPerson()
      person.deviceId = isCareful && chance.is(0.8) ? newDevice(chance) : chance.pick(devices)
      if (chance.is(isCareful ? 0.05 : 0.2)) person.phone = chance.pick(phones)
      if (chance.is(isCareful ? 0.2 : 0.8)) person.bankCard = chance.pick(cards)
      const openedAtMs = scene.at((index / size) * days, person, chance.is(0.4) ? 'night' : 'day')
      const { deviceId } = person
      const manner = fraudManner(scene, deviceId, chance.is(0.5))
      openAccount(scene, person, openedAtMs, { deviceId, ip: manner.ip })
      const restMs = isCareful ? chance.gap(4 * DAY_MS) : chance.gap(0.5 * HOUR_MS)
      const appliedAtMs = apply(scene, person, openedAtMs + restMs, manner, true)
      if (chance.is(AGAIN_SHARE))
        apply(scene, person, appliedAtMs + chance.gap(DAY_MS), fraudManner(scene, deviceId, false), true)
    }
  }
}
