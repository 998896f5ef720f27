import { honestManner } from './manners.ts'
import { addressOf } from './person.ts'
import type { Persona } from './persona.ts'
import { apply, askBureau, bindCard, openAccount } from './session.ts'
import { cardNumber, DAY_MS, HOUR_MS } from './world.ts'

/**
 * One person under the own name who borrows from as many lenders as possible within days and means to repay none: four to
 * twelve institutions ask the bureau, and with us there are three to eight applications, for other products and to other
 * cards. A careful one applies two or three times within three weeks; nothing but the bureau would tell.
 */
export const stacking: Persona = {
  name: 'stacking',
  sizes: () => [1, 1],
  act: (scene) => {
    const { chance, isCareful } = scene
    const person = scene.newPerson()
    const openedAtMs = scene.at(0, person, 'day')
    openAccount(scene, person, openedAtMs, { deviceId: person.deviceId, ip: addressOf(chance, person) })
    let atMs = openedAtMs + chance.gap(6 * HOUR_MS)
    askBureau(scene, person, openedAtMs, chance.whole(4, 12))
    const applications = isCareful ? chance.whole(2, 3) : chance.whole(3, 8)
    for (let index = 0; index < applications; index++) {
      if (chance.is(0.4)) {
        person.bankCard = cardNumber(chance)
        bindCard(scene, person, atMs - chance.gap(0.5 * HOUR_MS), { deviceId: person.deviceId })
      }
      const appliedAtMs = apply(scene, person, atMs, honestManner(scene, person, 2), true)
      atMs = appliedAtMs + chance.gap(isCareful ? 7 * DAY_MS : 10 * HOUR_MS)
    }
  }
}
