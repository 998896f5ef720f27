import { honestLife, visits } from './honest.ts'
import { fraudManner } from './manners.ts'
import { addressOf, newDevice, type Person } from './person.ts'
import type { Persona } from './persona.ts'
import type { Scene } from './scene.ts'
import { apply, bindCard, openAccount } from './session.ts'
import { cardNumber, HOUR_MS, MINUTE_MS, phoneNumber } from './world.ts'

const TAKEOVER_SHARE = 0.6
const SHARED_DEVICE_SHARE = 0.4
const AGAIN_SHARE = 0.3

/**
 * Somebody applies in the name of one to four others. Mostly an account is taken over that its owner had used for weeks:
 * wrong passwords and codes, a new device in another city, another phone number and card, an application at once. Else an
 * account is opened with stolen papers. A careful thief knows the password and leaves the phone number alone.
 */
export const stolenIdentity: Persona = {
  name: 'stolen-identity',
  sizes: () => [1, 4],
  act: (scene) => {
    const { chance, size } = scene
    const [device, mule] = [newDevice(chance), cardNumber(chance)]
    for (let index = 0; index < size; index++) {
      const person = scene.newPerson()
      const deviceId = chance.is(SHARED_DEVICE_SHARE) ? device : newDevice(chance)
      if (chance.is(TAKEOVER_SHARE)) takeOver(scene, person, deviceId, mule)
      else openInTheName(scene, person, deviceId, mule)
    }
  }
}

function takeOver(scene: Scene, person: Person, deviceId: string, mule: string): void {
  const { chance, isCareful } = scene
  const day = 3 + chance.gap(20)
  if (chance.is(0.3)) honestLife(scene, person)
  else {
    openAccount(scene, person, scene.at(0, person, 'day'), { deviceId: person.deviceId, ip: addressOf(chance, person) })
    visits(scene, person, 0, day)
  }
  const atMs = scene.at(day, person, chance.is(0.5) ? 'night' : 'day')
  const manner = {
    ...fraudManner(scene, deviceId, true),
    failedLogins: chance.is(isCareful ? 0.1 : 0.65) ? chance.whole(1, 6) : 0,
    wrongCodes: chance.is(isCareful ? 0.05 : 0.4) ? chance.whole(1, 3) : 0
  }
  const via = { deviceId, ip: manner.ip }
  if (chance.is(isCareful ? 0.3 : 0.6)) {
    person.phone = phoneNumber(chance)
    scene.event(person, 'profile.changed', atMs - chance.between(2, 60) * MINUTE_MS, { field: 'phone' }, via)
  }
  if (chance.is(0.7)) {
    person.bankCard = chance.is(0.5) ? mule : cardNumber(chance)
    bindCard(scene, person, atMs - chance.between(1, 2) * MINUTE_MS, via)
  }
  applyForMoney(scene, person, atMs, manner)
}

function openInTheName(scene: Scene, person: Person, deviceId: string, mule: string): void {
  const { chance } = scene
  if (chance.is(0.6)) person.bankCard = mule
  const atMs = scene.at(chance.gap(6), person, chance.is(0.4) ? 'night' : 'day')
  const manner = fraudManner(scene, deviceId, true)
  openAccount(scene, person, atMs, { deviceId, ip: manner.ip })
  applyForMoney(scene, person, atMs + chance.gap(HOUR_MS), manner)
}

function applyForMoney(scene: Scene, person: Person, atMs: number, manner: ReturnType<typeof fraudManner>): void {
  const { chance } = scene
  const appliedAtMs = apply(scene, person, atMs, manner, true)
  if (chance.is(AGAIN_SHARE))
    apply(
      scene,
      person,
      appliedAtMs + chance.gap(6 * HOUR_MS),
      { ...manner, failedLogins: 0, isNewDevice: false },
      true
    )
}
