import { fraudManner } from './manners.ts'
import { newDevice } from './person.ts'
import type { Persona } from './persona.ts'
import { apply, openAccount } from './session.ts'
import { cardNumber, HOUR_MS, MINUTE_MS, proxyAddress } from './world.ts'

const FORGES_DEVICES_SHARE = 0.35

/**
 * A script that applies under invented names, one after the other: every few minutes from one or two devices and one
 * address, with a card for three names; a third of them forges a device and a card for each name, so that the address
 * alone is left to link them. A careful one waits hours in between and has a device for two names.
 */
export const burst: Persona = {
  name: 'burst',
  sizes: () => [6, 40],
  act: (scene) => {
    const { chance, size, isCareful } = scene
    const forgesDevices = !isCareful && chance.is(FORGES_DEVICES_SHARE)
    const namesADevice = forgesDevices ? 1 : isCareful ? 2 : Math.ceil(size / chance.whole(1, 2))
    const namesACard = isCareful || forgesDevices ? 1 : 3
    const oneAddress = proxyAddress(chance)
    let [deviceId, bankCard] = [newDevice(chance), cardNumber(chance)]
    let atMs = 0
    for (let index = 0; index < size; index++) {
      const person = scene.newPerson()
      if (index === 0) atMs = scene.at(0, person, chance.is(0.5) ? 'night' : 'day')
      if (index % namesADevice === 0) deviceId = newDevice(chance)
      if (index % namesACard === 0) bankCard = cardNumber(chance)
      person.deviceId = deviceId
      person.bankCard = bankCard
      const manner = fraudManner(scene, deviceId, true)
      const ip = isCareful || chance.is(0.2) ? manner.ip : oneAddress
      openAccount(scene, person, atMs, { deviceId, ip })
      apply(scene, person, atMs + chance.between(0.5, 4) * MINUTE_MS, { ...manner, ip }, true)
      atMs += chance.gap(isCareful ? 5 * HOUR_MS : 4 * MINUTE_MS)
    }
  }
}
