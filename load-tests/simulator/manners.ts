import { addressOf, newCity, newDevice, type Person } from './person.ts'
import type { Scene } from './scene.ts'
import type { Manner } from './session.ts'
import { carrierAddress, homeAddress, MINUTE_MS, proxyAddress } from './world.ts'

/** Front-ends err about what is new: a browser forgets, a first login counts or not, a fingerprint is forged. */
const TAKEN_FOR_NEW_SHARE = 0.12
const TAKEN_FOR_KNOWN_SHARE = 0.2

/**
 * An honest person at the phone: four minutes for the form, now and then a wrong password, a new phone, a trip or a
 * VPN. `clumsiness` multiplies the mishaps; the careless have more of them.
 */
export function honestManner(scene: Scene, person: Person, clumsiness = 1): Manner {
  const { chance, assumptions } = scene
  const often = (share: number) => chance.is(Math.min(0.8, share * clumsiness * assumptions.mishaps))
  const isNewDevice = often(0.06)
  if (isNewDevice) person.deviceId = newDevice(chance)
  const isAway = often(0.06)
  const isProxy = often(0.02)
  const pastes = often(0.15) ? chance.whole(1, 3) : 0
  return {
    deviceId: person.deviceId,
    ip: isProxy
      ? proxyAddress(chance)
      : isAway
        ? carrierAddress(chance, assumptions.carrierAddresses)
        : addressOf(chance, person),
    city: isAway ? newCity(chance) : person.city,
    isNewDevice: isNewDevice || chance.is(TAKEN_FOR_NEW_SHARE),
    isProxy,
    failedLogins: often(0.07) ? chance.whole(1, 3) : 0,
    wrongCodes: often(0.06) ? chance.whole(1, 2) : 0,
    formMs: Math.max(15_000, chance.around((4 * MINUTE_MS) / clumsiness ** 0.4, 0.6)),
    pastes,
    pastedFields: pastes > 0 ? [chance.pick(['phone', 'bankCard', 'address', 'other'] as const)] : [],
    tampering: often(0.02) ? ['rooted'] : often(0.004) ? ['emulator'] : []
  }
}

/**
 * A fraud at work: fast, pasting, from rented addresses and doctored devices. The careful ones take their time, use
 * household addresses and clean devices, and give themselves away only now and then.
 */
export function fraudManner(scene: Scene, deviceId: string, isNewDevice: boolean): Manner {
  const { chance, isCareful, assumptions } = scene
  const slips = (plain: number, careful: number) => chance.is(isCareful ? careful : plain)
  const isProxy = slips(0.55, 0.1)
  const pastes = slips(0.65, 0.2) ? chance.whole(1, 6) : 0
  return {
    deviceId,
    ip: isProxy
      ? proxyAddress(chance)
      : chance.is(0.5)
        ? homeAddress(chance)
        : carrierAddress(chance, assumptions.carrierAddresses),
    city: newCity(chance),
    isNewDevice: isNewDevice && !chance.is(TAKEN_FOR_KNOWN_SHARE),
    isProxy,
    failedLogins: slips(0.15, 0.06) ? chance.whole(1, 3) : 0,
    wrongCodes: slips(0.2, 0.06) ? chance.whole(1, 2) : 0,
    formMs: isCareful
      ? Math.max(20_000, chance.around(3 * MINUTE_MS, 0.6))
      : Math.max(6_000, chance.around(45_000, 0.6)),
    pastes,
    pastedFields: pastes > 0 ? ['name', 'nationalId'] : [],
    tampering: slips(0.35, 0.06) ? [chance.pick(['emulator', 'emulator', 'hooked', 'rooted'] as const)] : []
  }
}
