import { honestManner } from './manners.ts'
import { addressOf } from './person.ts'
import type { Persona } from './persona.ts'
import { apply, askBureau, bindCard, openAccount } from './session.ts'
import { cardNumber, DAY_MS, HOUR_MS, phoneNumber } from './world.ts'

const CLUMSINESS = 3
const AGAIN_SHARE = 0.5
const MAX_APPLICATIONS = 5
const NIGHT_SHARE = 0.25

/**
 * Honest, and looks like a fraud: forgets passwords, mistypes codes, rushes through the form at night, changes phone and
 * card, and applies again and again within days until somebody says yes.
 */
export const careless: Persona = {
  name: 'careless',
  sizes: () => [1, 1],
  act: (scene) => {
    const { chance } = scene
    const person = scene.newPerson()
    const openedAtMs = scene.at(0, person, 'day')
    openAccount(scene, person, openedAtMs, { deviceId: person.deviceId, ip: addressOf(chance, person) })
    if (chance.is(0.6)) askBureau(scene, person, openedAtMs, chance.whole(1, 6))
    let atMs = chance.is(0.6)
      ? openedAtMs + chance.gap(2 * HOUR_MS)
      : scene.at(1 + chance.gap(10), person, chance.is(NIGHT_SHARE) ? 'night' : 'day')
    for (let applications = 1; ; applications++) {
      if (chance.is(0.25))
        scene.event(person, 'profile.changed', atMs - chance.gap(HOUR_MS), {
          field: chance.pick(['income', 'address', 'employer'])
        })
      if (chance.is(0.08)) {
        person.phone = phoneNumber(chance)
        scene.event(person, 'profile.changed', atMs - chance.gap(HOUR_MS), { field: 'phone' })
      }
      if (chance.is(0.12)) {
        person.bankCard = cardNumber(chance)
        bindCard(scene, person, atMs - chance.gap(HOUR_MS), { deviceId: person.deviceId })
      }
      const appliedAtMs = apply(scene, person, atMs, honestManner(scene, person, CLUMSINESS), false)
      if (applications === MAX_APPLICATIONS || !chance.is(AGAIN_SHARE)) return
      atMs = appliedAtMs + (chance.is(0.3) ? chance.gap(HOUR_MS) : chance.gap(3 * DAY_MS))
    }
  }
}
