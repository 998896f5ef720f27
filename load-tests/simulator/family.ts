import { honestLife } from './honest.ts'
import type { Persona } from './persona.ts'

const ONE_DEVICE_SHARE = 0.7
const SHARED_CARD_SHARE = 0.25
const SHARED_PHONE_SHARE = 0.15
const SAME_DAY_SHARE = 0.25

/**
 * Two to five honest people in one household: one address, mostly one device, now and then one card or phone number for
 * all. A quarter of the families come on one day.
 */
export const family: Persona = {
  name: 'family',
  sizes: () => [2, 5],
  act: (scene) => {
    const { chance, size } = scene
    const people = Array.from({ length: size }, () => scene.newPerson())
    const [first] = people
    if (first === undefined) return
    const [oneDevice, oneDay] = [chance.is(ONE_DEVICE_SHARE), chance.is(SAME_DAY_SHARE)]
    const [oneCard, onePhone] = [chance.is(SHARED_CARD_SHARE), chance.is(SHARED_PHONE_SHARE)]
    for (const person of people) {
      person.homeIp = first.homeIp
      person.city = first.city
      if (oneDevice) person.deviceId = first.deviceId
      if (oneCard) person.bankCard = first.bankCard
      if (onePhone) person.phone = first.phone
      honestLife(scene, person, oneDay ? 0 : chance.gap(20))
    }
  }
}
