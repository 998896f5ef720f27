import { describe, expect, test } from 'vitest'
import { PASTE_BITS } from '../../src/domain/events/session-events.ts'
import { createCompactor } from '../../src/features/compactor.ts'
import type { ScoreOutcome } from '../../src/inference/scorer.ts'
import { entriesOf, keysOf, readStored } from '../redis/stored.ts'
import { application, approve, buildTestApp, postDecision, type TestApp } from '../support/app.ts'

const NOW_MS = Date.UTC(2026, 5, 1, 12)
const DAY_MS = 86_400_000
const clock = { nowMs: () => NOW_MS }

/** The application with what its model saw of every decision: [applicant.loans_lifetime, device.applications_24h]. */
async function watched(options: Parameters<typeof buildTestApp>[0] = {}) {
  const seen: number[][] = []
  const score = (row: Float32Array): ScoreOutcome => {
    seen.push([...row])
    return approve()
  }
  return { service: await buildTestApp({ score, clock, ...options }), seen }
}

let serial = 0
const anEvent = (changes: Record<string, unknown> = {}) => ({
  eventId: `event-${++serial}`,
  type: 'auth.login',
  occurredAtMs: NOW_MS - DAY_MS,
  applicantId: 'person',
  data: {},
  ...changes
})
const disbursed = (changes: Record<string, unknown> = {}) =>
  anEvent({
    type: 'loan.disbursed',
    data: { loanId: `loan-${serial}`, principalMinor: 1_000_000, termDays: 30 },
    ...changes
  })
const submitted = (changes: Record<string, unknown> = {}) =>
  anEvent({
    type: 'application.submitted',
    occurredAtMs: NOW_MS - 3_600_000,
    data: { applicationId: `a-${serial}`, product: 'cash', amountMinor: 1_000_000, termDays: 30 },
    ...changes
  })

const post = ({ app, alpha }: TestApp, payload: object) =>
  app.inject({ method: 'POST', url: '/v1/events', headers: alpha, payload })

async function refused(service: TestApp, payload: object, field: string): Promise<void> {
  const before = await readStored(service.redis, service.keys.prefix)
  const answer = await post(service, payload)
  expect.soft([answer.statusCode, answer.json().code], answer.body).toEqual([400, 'invalid_request'])
  expect.soft(answer.json().errors?.map((error: { field: string }) => error.field)).toContain(field)
  expect(await readStored(service.redis, service.keys.prefix)).toEqual(before)
}

describe('an event answered 202', () => {
  test('is seen by the very next decision of its person and of its device', async () => {
    const { service, seen } = await watched()
    const device = { deviceId: 'phone-1' }
    const decide = () => postDecision(service, application({ applicantId: 'person', device }))
    await decide()
    expect((await post(service, disbursed())).json()).toEqual({ accepted: 1 })
    await decide()
    expect((await post(service, submitted({ applicantId: 'other', deviceId: 'phone-1' }))).statusCode).toBe(202)
    await decide()
    expect((await post(service, { events: [disbursed(), disbursed()] })).json()).toEqual({ accepted: 2 })
    await decide()
    expect(seen).toEqual([
      [0, 1],
      [1, 2],
      [1, 4],
      [3, 5]
    ])
  })

  test('is counted once, however often it is sent: alone, in one list, at once, and in another order', async () => {
    const { service, seen } = await watched()
    const [one, two] = [disbursed(), disbursed()]
    const sends = [one, one, { events: [one, two, one] }, { events: [two, one] }, two]
    for (const payload of sends) expect((await post(service, payload)).statusCode).toBe(202)
    const atOnce = await Promise.all(sends.map((payload) => post(service, payload)))
    expect(atOnce.map(({ statusCode }) => statusCode)).toEqual(sends.map(() => 202))
    await postDecision(service, application({ applicantId: 'person' }))
    expect(seen).toEqual([[2, expect.anything()]])
  })

  test('is counted once after its history was folded, too', async () => {
    const { service, seen } = await watched()
    const event = disbursed()
    await post(service, event)
    await post(service, event)
    const [entity] = keysOf(await readStored(service.redis, service.keys.prefix), 'entity') as [string]
    expect(await createCompactor(service.redis)(entity)).toBe('folded')
    await post(service, event)
    await postDecision(service, application({ applicantId: 'person' }))
    expect(seen).toEqual([[1, expect.anything()]])
  })

  test('is in the log of its partition, with tokens where identifiers were', async () => {
    const { service } = await watched()
    const event = disbursed({ deviceId: 'phone-1', ip: '10.1.2.3', phone: '+234 801 234 5678' })
    await post(service, event)
    const [[, fields]] = entriesOf(await readStored(service.redis, service.keys.prefix), 'log') as [[string, string[]]]
    const logged = JSON.parse(fields[1] as string)
    expect(logged).toMatchObject({ eventId: event.eventId, type: event.type, tenant: 'alpha', data: event.data })
    expect(Object.keys(logged.refs).sort()).toEqual(['applicant', 'device', 'ip', 'phone'])
    for (const plain of ['person', 'phone-1', '10.1.2.3', '2348012345678']) expect(fields[1]).not.toContain(plain)
  })

  test('one person’s phone in two spellings is one entity', async () => {
    const { service } = await watched()
    const phones = ['+234 801 234 5678', '00234-801-234-5678', '234 (801) 2345678']
    for (const phone of phones) await post(service, disbursed({ phone }))
    const entities = [...(await readStored(service.redis, service.keys.prefix)).keys()].filter((key) =>
      key.includes(':entity:p:')
    )
    expect(entities).toHaveLength(1)
  })
})

describe('a list of events', () => {
  const largest = () => ({
    eventId: `${++serial}`.padEnd(64, 'e'),
    type: 'form.interaction',
    occurredAtMs: NOW_MS - DAY_MS,
    applicantId: 'p'.repeat(64),
    deviceId: 'd'.repeat(64),
    ip: '1111:2222:3333:4444:5555:6666:7777:8888',
    phone: '+1234567890123456789012',
    bankCard: '1234-5678-9012-3456-7890-1234-56',
    data: {
      formId: 'f'.repeat(64),
      step: 1000,
      durationMs: 3650 * DAY_MS,
      keystrokes: 1_000_000,
      backspaces: 1_000_000,
      pastes: 1_000_000,
      pastedFields: Object.keys(PASTE_BITS),
      fieldRevisits: 1_000_000,
      focusLosses: 1_000_000,
      inputIntervalP95Ms: 3650 * DAY_MS
    }
  })

  test('takes 500, even of the largest, and counts all of them', async () => {
    const { service, seen } = await watched()
    const answer = await post(service, { events: Array.from({ length: 500 }, () => disbursed()) })
    expect([answer.statusCode, answer.json()]).toEqual([202, { accepted: 500 }])
    expect((await post(service, { events: Array.from({ length: 500 }, largest) })).statusCode).toBe(202)
    await postDecision(service, application({ applicantId: 'person' }))
    expect(seen[0]?.[0]).toBe(500)
  })

  test('of none, of 501 or with anything beside it is refused and stores none', async () => {
    const { service } = await watched()
    await refused(service, { events: [] }, '/events')
    await refused(service, { events: Array.from({ length: 501 }, () => disbursed()) }, '/events')
    await refused(service, { events: [disbursed()], extra: 1 }, '/extra')
    await refused(service, { ...disbursed(), events: [disbursed()] }, '/eventId')
    for (const events of [null, 'x', {}, 1]) await refused(service, { events }, '/events')
    await refused(service, { events: [disbursed(), null] }, '/events/1')
    await refused(service, { events: [[disbursed()]] }, '/events/0')
  })

  test('with one bad event stores none of them and names it', async () => {
    const { service } = await watched()
    const bad: [changes: Record<string, unknown>, field: string][] = [
      [{ type: 'loan.given' }, 'type'],
      [{ occurredAtMs: NOW_MS + 3_600_000 }, 'occurredAtMs'],
      [{ ip: '1.2.3' }, 'ip'],
      [{ data: { loanId: 'x' } }, 'data/termDays'],
      [{ tenant: 'beta' }, 'tenant']
    ]
    for (const [changes, field] of bad) {
      const events = [disbursed(), disbursed(), disbursed(changes), disbursed()]
      await refused(service, { events }, `/events/2/${field}`)
    }
  })
})

describe('an event that cannot be true', () => {
  test('lies in the future: refused by name, a clock a little ahead is not', async () => {
    const { service } = await watched()
    await refused(service, disbursed({ occurredAtMs: NOW_MS + 3_600_000 }), '/occurredAtMs')
    await refused(service, disbursed({ occurredAtMs: NOW_MS + 365 * DAY_MS }), '/occurredAtMs')
    expect((await post(service, disbursed({ occurredAtMs: NOW_MS + 1000 }))).statusCode).toBe(202)
  })

  test('has its time in seconds, in microseconds, as text or at zero: refused by name', async () => {
    const { service } = await watched()
    const times = [Math.floor(NOW_MS / 1000), NOW_MS * 1000, new Date(NOW_MS).toISOString(), String(NOW_MS), 0, -1, 1.5]
    for (const occurredAtMs of [...times, null, true])
      await refused(service, disbursed({ occurredAtMs }), '/occurredAtMs')
  })

  test('is told the likely cause: seconds, microseconds, or a clock ahead', async () => {
    const { service } = await watched()
    const problemOf = async (occurredAtMs: number) => {
      const { errors } = (await post(service, disbursed({ occurredAtMs }))).json()
      return errors.map(({ field, problem }: { field: string; problem: string }) => `${field} ${problem}`)
    }
    const units = [Math.floor(NOW_MS / 1000), NOW_MS * 1000, NOW_MS + 3_600_000]
    expect(await Promise.all(units.map(problemOf))).toEqual([
      ['/occurredAtMs is before 1990: looks like seconds; send milliseconds'],
      ['/occurredAtMs is after 2100: looks like microseconds; send milliseconds'],
      ['/occurredAtMs lies more than 5 minutes ahead of our clock: send UTC, and look at the clock that made it']
    ])
  })

  test('is of an unknown type', async () => {
    const { service } = await watched()
    for (const type of ['loan.given', '', null, 1, 'toString', '__proto__', 'LOAN.DISBURSED']) {
      await refused(service, disbursed({ type }), '/type')
    }
  })

  test('has data of another shape than its type says', async () => {
    const { service } = await watched()
    const data = { loanId: 'loan-1', principalMinor: 1_000_000, termDays: 30 }
    await refused(service, disbursed({ data: {} }), '/data/loanId')
    await refused(service, disbursed({ data: { ...data, extra: 1 } }), '/data/extra')
    await refused(service, disbursed({ data: { ...data, loanId: 'a b' } }), '/data/loanId')
    for (const principalMinor of [0, -1, 0.5, '1', null, [1], 1e15, 2 ** 53]) {
      await refused(service, disbursed({ data: { ...data, principalMinor } }), '/data/principalMinor')
    }
    await refused(service, anEvent({ data: { anything: 1 } }), '/data/anything')
    for (const wrong of [null, [], 'x', 1]) await refused(service, disbursed({ data: wrong }), '/data')
    const repaid = { loanId: 'loan-1', instalmentNo: 1, dueAtMs: Math.floor(NOW_MS / 1000) }
    await refused(service, anEvent({ type: 'repayment.received', data: repaid }), '/data/dueAtMs')
  })

  test('lacks what every event has', async () => {
    const { service } = await watched()
    for (const name of ['eventId', 'type', 'occurredAtMs', 'applicantId', 'data']) {
      await refused(service, disbursed({ [name]: undefined }), `/${name}`)
    }
  })
})

describe('an entity with a backlog', () => {
  test('answers 429 that names the event; the others are stored, and decisions say so, too', async () => {
    const { service, seen } = await watched({ maxEntityBytes: 200 })
    const crowd = Array.from({ length: 12 }, () => disbursed({ applicantId: 'crowded' }))
    const first = await post(service, { events: crowd })
    expect([first.statusCode, first.json().code, first.headers['retry-after']]).toEqual([429, 'backlog', '1'])
    const events = [disbursed(), disbursed({ applicantId: 'crowded' }), disbursed()]
    const before = entriesOf(await readStored(service.redis, service.keys.prefix), 'log').length
    const answer = await post(service, { events })
    expect(answer.statusCode).toBe(429)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(answer.json().errors.map(({ field }: { field: string }) => field)).toEqual(['/events/1'])
    expect(entriesOf(await readStored(service.redis, service.keys.prefix), 'log')).toHaveLength(before + 2)
    await postDecision(service, application({ applicantId: 'person' }))
    expect(seen).toEqual([[2, expect.anything()]])
    const crowded = await postDecision(service, application({ applicantId: 'crowded' }))
    expect([crowded.statusCode, crowded.json().code]).toEqual([429, 'backlog'])
  })
})
