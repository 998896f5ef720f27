import type { Person } from './person.ts'
import type { Scene, Via } from './scene.ts'
import { DAY_MS, MINUTE_MS } from './world.ts'

const LENDERS = 60

/** How somebody goes about an application: what a watcher of the session sees. */
export interface Manner {
  readonly deviceId: string
  readonly ip: string
  readonly city: string
  /** Whether the account was never seen on the device. */
  readonly isNewDevice: boolean
  readonly isProxy: boolean
  /** Wrong passwords before the right one. */
  readonly failedLogins: number
  readonly wrongCodes: number
  /** Time on the form, which has three steps. */
  readonly formMs: number
  readonly pastes: number
  readonly pastedFields: readonly string[]
  readonly tampering: readonly ('rooted' | 'emulator' | 'hooked')[]
}

/** The account is opened and its card bound; some card bindings are done by another system, which tells nobody. */
export function openAccount(scene: Scene, person: Person, atMs: number, via: Via): void {
  const { chance } = scene
  scene.event(person, 'account.registered', atMs, { isInvited: chance.is(0.2) }, { ...via, phone: person.phone })
  if (chance.is(0.7)) bindCard(scene, person, atMs + chance.between(1, 5) * MINUTE_MS, via)
}

export function bindCard(scene: Scene, person: Person, atMs: number, via: Via): void {
  const nameMatch = scene.chance.is(0.95) ? 'full' : 'partial'
  scene.event(person, 'bankcard.bound', atMs, { nameMatch, isDebit: true }, { ...via, bankCard: person.bankCard })
}

/** Institutions that ask a bureau about the person within the week before and after. */
export function askBureau(scene: Scene, person: Person, aroundMs: number, institutions: number): void {
  const { chance } = scene
  for (let count = 0; count < institutions; count++) {
    const lender = chance.pick(['bank', 'consumer_finance', 'microloan'] as const)
    const query = { provider: 'bureau', isHit: true, lender, institution: `lender-${chance.whole(1, LENDERS)}` }
    scene.event(person, 'bureau.received', aroundMs + chance.between(-7, 7) * DAY_MS, query)
  }
}

export function logIn(
  scene: Scene,
  person: Person,
  atMs: number,
  how: Pick<Manner, 'deviceId' | 'ip' | 'city' | 'isNewDevice' | 'isProxy' | 'failedLogins'>
): number {
  const { chance } = scene
  const { deviceId, ip, city, isNewDevice, isProxy } = how
  const facts = { method: 'password', isNewDevice, isProxy, city }
  let at = atMs
  for (let failed = 0; failed < how.failedLogins; failed++) {
    scene.event(person, 'auth.login_failed', at, { ...facts, reason: 'wrong_secret' }, { deviceId, ip })
    at += chance.between(0.1, 1.5) * MINUTE_MS
  }
  scene.event(person, 'auth.login', at, facts, { deviceId, ip })
  return at
}

/** Logs in, proves the phone, fills in the form and applies. Returns when the application was made. */
export function apply(scene: Scene, person: Person, atMs: number, manner: Manner, isFraud: boolean): number {
  const { chance, assumptions } = scene
  const { deviceId, ip } = manner
  const via = { deviceId, ip }
  let at = logIn(scene, person, atMs, manner) + 1000
  if (chance.is(0.8)) scene.event(person, 'device.snapshot', at, snapshotOf(scene, manner), via)
  for (let attempt = 0; attempt <= manner.wrongCodes; attempt++) {
    scene.event(person, 'auth.otp_requested', at, { purpose: 'apply' }, via)
    at += chance.between(0.1, 1) * MINUTE_MS
    const result = attempt < manner.wrongCodes ? chance.pick(['wrong', 'expired']) : 'passed'
    scene.event(person, 'auth.otp_verified', at, { result, attempts: attempt + 1 }, via)
  }
  at = chance.is(assumptions.formUnwatchedShare) ? at + manner.formMs : fillIn(scene, person, at, manner)
  scene.application(person, at + 1000, identified(scene, person, via), isFraud)
  return at + 1000
}

const FORM_STEPS = 3

function fillIn(scene: Scene, person: Person, atMs: number, manner: Manner): number {
  const { chance } = scene
  const keystrokes = chance.whole(20, 90)
  let at = atMs
  for (let step = 1; step <= FORM_STEPS; step++) {
    at += manner.formMs / FORM_STEPS
    const pastes = Math.floor(manner.pastes / FORM_STEPS) + (step <= manner.pastes % FORM_STEPS ? 1 : 0)
    const data = {
      formId: 'application',
      step,
      durationMs: Math.floor(manner.formMs / FORM_STEPS),
      keystrokes,
      backspaces: chance.whole(0, Math.floor(keystrokes / 8)),
      pastes,
      ...(pastes > 0 && { pastedFields: manner.pastedFields })
    }
    scene.event(person, 'form.interaction', at, data, { deviceId: manner.deviceId, ip: manner.ip })
  }
  return at
}

function snapshotOf(scene: Scene, { tampering, isProxy }: Manner): object {
  const { chance } = scene
  return { tampering, isVpn: isProxy || chance.is(0.03), simChangedDays: chance.whole(0, 900) }
}

/** Not every front-end passes on phone and card. */
function identified(scene: Scene, person: Person, via: Via): Via {
  const { chance } = scene
  return {
    ...via,
    ...(chance.is(0.95) && { phone: person.phone }),
    ...(chance.is(0.85) && { bankCard: person.bankCard })
  }
}
