import { describe, expect, test } from 'vitest'
import { SCENARIOS } from '../../load-tests/simulator/assumptions.ts'
import { createChance } from '../../load-tests/simulator/chance.ts'
import { carrierAddress } from '../../load-tests/simulator/world.ts'
import { applicationsOf, DAY_MS, eventsOf, only, simulate } from './simulator-worlds.ts'

type Application = ReturnType<typeof applicationsOf>[number]
const deviceOf = ({ request }: Application) => request.device?.deviceId ?? ''
const addressOf = ({ request }: Application) => request.device?.ip ?? ''
const cardOf = ({ request }: Application) => request.identity?.bankCard ?? ''
const applicantOf = ({ request }: Application) => request.applicantId

function world(...of: Parameters<typeof only>) {
  const items = simulate({ assumptions: only(...of), applicants: 600, days: 120 })
  return { applications: applicationsOf(items), events: eventsOf(items) }
}

/** How many different values a second key has for each value of the first. */
function perKey(applications: readonly Application[], key: typeof deviceOf, value: typeof deviceOf): number[] {
  const sets = Map.groupBy(
    applications.filter((each) => key(each) !== ''),
    key
  )
  return [...sets.values()].map((group) => new Set(group.map(value)).size)
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const shareOf = <Value>(values: readonly Value[], is: (value: Value) => boolean) =>
  values.filter(is).length / values.length
const isOfType = (type: string) => (event: { type: string }) => event.type === type
const perApplication = ({ applications, events }: ReturnType<typeof world>, type: string) =>
  events.filter(isOfType(type)).length / applications.length

describe('personas', () => {
  test('a device farm puts many applicants on each device and several on each card; a careful one does not', () => {
    const plain = world('device-farm').applications
    expect(mean(perKey(plain, deviceOf, applicantOf))).toBeGreaterThan(3)
    expect(mean(perKey(plain, cardOf, applicantOf))).toBeGreaterThan(1.8)
    const careful = world('device-farm', { carefulShare: 1 }).applications
    expect(mean(perKey(careful, deviceOf, applicantOf))).toBeLessThan(1.7)
  })

  test('a burst applies within minutes from one address; a careful one waits for hours', () => {
    const gaps = (applications: readonly Application[]) => {
      const actors = Map.groupBy(applications, ({ request }) => request.applicationId.replace(/-a\d+$/, ''))
      return [...actors.values()].flatMap((own) =>
        own.slice(1).map(({ atMs }, index) => atMs - (own[index]?.atMs ?? 0))
      )
    }
    const plain = world('burst').applications
    expect(mean(gaps(plain))).toBeLessThan(10 * 60_000)
    expect(mean(perKey(plain, addressOf, applicantOf))).toBeGreaterThan(2)
    expect(mean(gaps(world('burst', { carefulShare: 1 }).applications))).toBeGreaterThan(2 * 3_600_000)
  })

  test('a stolen identity is mostly taken over on a device that its account never saw, often after wrong passwords', () => {
    const { applications, events } = world('stolen-identity')
    const frauds = applications.filter(({ truth }) => truth.isFraud)
    const earlier = (each: Application, type: string) =>
      events.filter(
        (event) => event.type === type && event.applicantId === applicantOf(each) && event.occurredAtMs <= each.atMs
      )
    const onNew = frauds.filter((each) =>
      earlier(each, 'auth.login').some(
        ({ data, deviceId }) => 'isNewDevice' in data && data.isNewDevice === true && deviceId === deviceOf(each)
      )
    )
    expect(onNew.length / frauds.length).toBeGreaterThan(0.7)
    expect(shareOf(frauds, (each) => earlier(each, 'auth.login_failed').length > 0)).toBeGreaterThan(0.3)
    // Owners of accounts that are taken over apply themselves, too, and are no frauds.
    expect(applications.some(({ truth }) => !truth.isFraud)).toBe(true)
  })

  test('a stacker asks more lenders and applies more often than an honest person', () => {
    const [stacker, person] = [world('stacking'), world('honest')]
    const rate = ({ applications, events }: typeof stacker) => {
      const people = new Set(applications.map(applicantOf)).size
      return [applications.length / people, events.filter(isOfType('bureau.received')).length / people]
    }
    const [[applications = 0, lenders = 0], [usual = 0, usualLenders = 0]] = [rate(stacker), rate(person)]
    expect(applications).toBeGreaterThan(2.5 * usual)
    expect(lenders).toBeGreaterThan(4 * usualLenders)
  })

  test('a family shares a device and an address, and a café both among strangers: honest, and like a farm', () => {
    for (const name of ['family', 'cafe'] as const) {
      const { applications } = world(name)
      expect(
        applications.some(({ truth }) => truth.isFraud),
        name
      ).toBe(false)
      expect(mean(perKey(applications, deviceOf, applicantOf)), name).toBeGreaterThan(1.5)
      expect(Math.max(...perKey(applications, addressOf, applicantOf)), name).toBeGreaterThan(3)
    }
  })

  test('the careless mistype, apply by night and come back more than the honest', () => {
    const [clumsy, usual] = [world('careless'), world('honest')]
    for (const type of ['auth.login_failed', 'profile.changed'])
      expect(perApplication(clumsy, type), type).toBeGreaterThan(1.5 * perApplication(usual, type))
    const wrong = ({ events }: typeof usual) =>
      shareOf(
        events.filter(isOfType('auth.otp_verified')),
        ({ data }) => !('result' in data && data.result === 'passed')
      )
    expect(wrong(clumsy)).toBeGreaterThan(1.5 * wrong(usual))
    expect(clumsy.applications.length).toBeGreaterThan(1.3 * usual.applications.length)
  })

  test('honest and fraud overlap in everything that is watched: no single sign tells them apart', () => {
    const [usual, careful] = [world('honest'), world('stolen-identity', { carefulShare: 1 })]
    const formsOf = ({ events }: typeof usual) => {
      const times = events
        .filter(isOfType('form.interaction'))
        .map(({ data }) => ('durationMs' in data ? Number(data.durationMs) : 0))
      return times.toSorted((left, right) => left - right)
    }
    const [slow, fast] = [formsOf(usual), formsOf(careful)]
    expect(fast[Math.floor(fast.length / 2)]).toBeGreaterThan(slow[Math.floor(slow.length / 10)] ?? 0)
    for (const type of ['auth.login_failed', 'profile.changed'])
      expect(perApplication(usual, type), type).toBeGreaterThan(0.01)
    expect(usual.events.some(({ data }) => 'tampering' in data && JSON.stringify(data.tampering) !== '[]')).toBe(true)
  })

  test('strangers share addresses of carriers, popular ones by far the most', () => {
    const chance = createChance(1, 'carriers')
    const drawn = Array.from({ length: 5000 }, () => carrierAddress(chance, SCENARIOS.training.carrierAddresses))
    const counts = [...Map.groupBy(drawn, (address) => address).values()].map(({ length }) => length)
    expect(counts.length).toBeLessThanOrEqual(SCENARIOS.training.carrierAddresses)
    expect(Math.max(...counts)).toBeGreaterThan((20 * (5000 / SCENARIOS.training.carrierAddresses)) / 2)
    const { applications } = world('honest')
    expect(Math.max(...perKey(applications, addressOf, applicantOf))).toBeGreaterThan(5)
  })

  test('a front-end that tells nothing sends applications alone, and labels of a lender', () => {
    const { applications, events } = world('burst', { silentShare: 1, deviceHiddenShare: 1 })
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['fraud.labelled']))
    for (const { request } of applications) expect(request.device).toBeUndefined()
    expect(Math.max(...events.map(({ occurredAtMs }) => occurredAtMs))).toBeGreaterThan(
      (applications[0]?.atMs ?? 0) + 3 * DAY_MS
    )
  })
})
