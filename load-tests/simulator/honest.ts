import { honestManner } from './manners.ts'
import { addressOf, type Person } from './person.ts'
import type { Persona } from './persona.ts'
import type { Scene } from './scene.ts'
import { apply, askBureau, bindCard, logIn, openAccount } from './session.ts'
import { cardNumber, DAY_MS, HOUR_MS, phoneNumber } from './world.ts'

const RETRY_SHARE = 0.08
const RETURN_SHARE = 0.3
const MAX_RETURNS = 3
const NIGHT_SHARE = 0.06
const PHONE_CHANGE_SHARE = 0.02
const CARD_CHANGE_SHARE = 0.03

/**
 * One person with one phone: opens an account, looks in now and then, applies on the same day or weeks later, sometimes
 * again within the hour with another amount, and comes back after a month or two. Has mishaps as everybody has.
 */
export const honest: Persona = {
  name: 'honest',
  sizes: () => [1, 1],
  act: (scene) => {
    const person = scene.newPerson()
    honestLife(scene, person)
  }
}

/** Returns the day after which the person was last seen, counted from the arrival of the actor. */
export function honestLife(scene: Scene, person: Person, fromDay = 0): number {
  const { chance } = scene
  const openedAtMs = scene.at(fromDay, person, 'day')
  const via = { deviceId: person.deviceId, ip: addressOf(chance, person) }
  openAccount(scene, person, openedAtMs, via)
  const waitsDays = chance.is(0.45) ? 0 : 1 + Math.floor(chance.gap(12))
  let day = fromDay
  visits(scene, person, day, waitsDays)
  day += waitsDays
  if (chance.is(0.3)) askBureau(scene, person, openedAtMs + waitsDays * DAY_MS, chance.whole(1, 3))
  let atMs = waitsDays === 0 ? openedAtMs + chance.gap(0.3 * HOUR_MS) : applicationTime(scene, person, day)
  for (let returns = 0; ; returns++) {
    applyOnce(scene, person, atMs)
    if (returns === MAX_RETURNS || !chance.is(RETURN_SHARE)) return day
    const pauseDays = 14 + Math.floor(chance.gap(25))
    visits(scene, person, day, pauseDays)
    day += pauseDays
    atMs = applicationTime(scene, person, day)
  }
}

function applyOnce(scene: Scene, person: Person, atMs: number): void {
  const { chance, assumptions } = scene
  if (chance.is(PHONE_CHANGE_SHARE * assumptions.mishaps)) {
    person.phone = phoneNumber(chance)
    scene.event(person, 'profile.changed', atMs - chance.between(1, 48) * HOUR_MS, { field: 'phone' })
  }
  if (chance.is(CARD_CHANGE_SHARE * assumptions.mishaps)) {
    person.bankCard = cardNumber(chance)
    bindCard(scene, person, atMs - chance.between(1, 24) * HOUR_MS, { deviceId: person.deviceId })
  }
  const appliedAtMs = apply(scene, person, atMs, honestManner(scene, person), false)
  if (chance.is(RETRY_SHARE * assumptions.mishaps))
    apply(scene, person, appliedAtMs + chance.gap(0.4 * HOUR_MS), honestManner(scene, person), false)
}

function applicationTime(scene: Scene, person: Person, day: number): number {
  return scene.at(day, person, scene.chance.is(NIGHT_SHARE) ? 'night' : 'day')
}

/** Looks into the app about once in eight days. */
export function visits(scene: Scene, person: Person, fromDay: number, days: number): void {
  const { chance } = scene
  for (let day = chance.gap(8); day < days; day += chance.gap(8)) {
    const { deviceId, city } = person
    const ip = addressOf(chance, person)
    const failedLogins = chance.is(0.04) ? 1 : 0
    const atMs = scene.at(fromDay + day, person, 'day')
    logIn(scene, person, atMs, { deviceId, ip, city, isNewDevice: false, isProxy: false, failedLogins })
  }
}
