import { describe, expect, test } from 'vitest'
import { createPartnerKeys } from '../../src/access/partner-keys.ts'
import { IDENTIFIER_FIELDS } from '../../src/edge/identifiers.ts'
import { MAX_EVENT_CHARS } from '../../src/inbox/judge.ts'
import { entriesOf, readStored } from '../redis/stored.ts'
import {
  DAY_MS,
  disbursed,
  drain,
  lettersOf,
  login,
  NOW_MS,
  send,
  sendEvent,
  serviceWithInbox
} from './inbox-service.ts'

const text = (changes: Record<string, unknown> = {}) => JSON.stringify(login(changes))
const loan = { loanId: 'loan-1', principalMinor: 1_000_000, termDays: 30 }
const nested = `${'['.repeat(20)}${']'.repeat(20)}`

/** Texts that are no event: what is wrong, the text, the reason, the field. */
const BAD: [what: string, text: string, reason: string, field: string][] = [
  ['no JSON', '{"eventId":', 'malformed_json', '/'],
  ['nothing', '', 'malformed_json', '/'],
  ['a member twice', text().replace('{', '{"eventId":"e",'), 'malformed_json', '/'],
  ['a member twice in its data', text({ data: { a: 1 } }).replace('"a":1', '"a":1,"a":1'), 'malformed_json', '/'],
  ['deep nesting', text().replace('{}', nested), 'malformed_json', '/'],
  ['a number', '234801', 'invalid_request', '/'],
  ['a list of events', JSON.stringify({ events: [login()] }), 'invalid_request', '/events'],
  ['null', 'null', 'invalid_request', '/'],
  ['an unknown type', text({ type: 'loan.given' }), 'invalid_request', '/type'],
  ['an inherited type', text({ type: 'toString' }), 'invalid_request', '/type'],
  ['an unknown field', text({ colour: 'red' }), 'invalid_request', '/colour'],
  ['a tenant of its own', text({ tenant: 'beta' }), 'invalid_request', '/tenant'],
  ['an unknown field in its data', text({ data: { colour: 1 } }), 'invalid_request', '/data/colour'],
  ['seconds for milliseconds', text({ occurredAtMs: Math.floor(NOW_MS / 1000) }), 'invalid_request', '/occurredAtMs'],
  ['microseconds', text({ occurredAtMs: NOW_MS * 1000 }), 'invalid_request', '/occurredAtMs'],
  ['a time as text', text({ occurredAtMs: '2026-06-01T12:00:00Z' }), 'invalid_request', '/occurredAtMs'],
  ['the future', text({ occurredAtMs: NOW_MS + 3_600_000 }), 'invalid_request', '/occurredAtMs'],
  ['no id', text({ eventId: undefined }), 'invalid_request', '/eventId'],
  ['no person', text({ applicantId: undefined }), 'invalid_request', '/applicantId'],
  ['a person with a space', text({ applicantId: 'a b' }), 'invalid_request', '/applicantId'],
  ['an address of three parts', text({ ip: '10.1.2' }), 'invalid_request', '/ip'],
  ['an address of letters', text({ ip: 'home' }), 'invalid_request', '/ip'],
  ['a phone of four digits', text({ phone: '1234' }), 'invalid_request', '/phone'],
  ['a phone as a number', text({ phone: 2_348_012_345_678 }), 'invalid_request', '/phone'],
  ['a card of letters', text({ bankCard: 'visa' }), 'invalid_request', '/bankCard'],
  ['no data', text({ data: undefined }), 'invalid_request', '/data'],
  ['data of another type', text({ type: 'loan.disbursed' }), 'invalid_request', '/data/loanId'],
  [
    'an amount with a fraction',
    text({ type: 'loan.disbursed', data: { ...loan, principalMinor: 0.5 } }),
    'invalid_request',
    '/data/principalMinor'
  ]
]

describe('an entry of the inbox that is no event', () => {
  test.each(BAD)(
    'because of %s is a dead letter that says so, and the next one counts',
    async (_, bad, reason, field) => {
      const { service, inbox, letters } = await serviceWithInbox()
      const id = await sendEvent(service, bad)
      await sendEvent(service, login())
      await drain(inbox)
      const [letter, ...others] = await lettersOf(letters)
      expect(others).toEqual([])
      expect(letter).toMatchObject({ inboxId: id, tenant: 'alpha', reason, deliveries: 1, isCorrected: false })
      expect(letter?.problems.map((problem) => problem.field)).toContain(field)
      expect(letter?.problems.every(({ problem }) => problem.length > 5)).toBe(true)
      expect(entriesOf(await readStored(service.redis, service.keys.prefix), 'log')).toHaveLength(1)
      expect(await inbox.countPending()).toBe(0)
    }
  )

  test.each(BAD)('because of %s is refused by HTTP with the same code and field', async (_, payload, code, field) => {
    const { service } = await serviceWithInbox()
    // HTTP takes a list, which an entry is not: the list is what differs between the two.
    if (field === '/events') return
    const answer = await service.app.inject({
      method: 'POST',
      url: '/v1/events',
      headers: { ...service.alpha, 'content-type': 'application/json' },
      payload
    })
    expect([answer.statusCode, answer.json().code]).toEqual([400, code])
    if (code === 'invalid_request') {
      expect(answer.json().errors.map((error: { field: string }) => error.field)).toContain(field)
    }
  })

  const ENTRIES: [what: string, fields: string[], reason: string, field: string][] = [
    ['no tenant', ['event', text()], 'invalid_request', 'tenant'],
    ['no event', ['tenant', 'alpha'], 'invalid_request', 'event'],
    ['another field', ['tenant', 'alpha', 'event', text(), 'note', 'x'], 'invalid_request', 'note'],
    ['two tenants', ['tenant', 'beta', 'tenant', 'alpha', 'event', text()], 'invalid_request', 'entry'],
    ['an inherited field', ['tenant', 'alpha', 'event', text(), '__proto__', 'x'], 'invalid_request', 'entry'],
    ['a tenant that cannot be', ['tenant', 'Alpha Ltd', 'event', text()], 'invalid_request', 'tenant'],
    ['a tenant without a key', ['tenant', 'gamma', 'event', text()], 'unknown_tenant', 'tenant'],
    ['a long text', ['tenant', 'alpha', 'event', text() + ' '.repeat(MAX_EVENT_CHARS)], 'body_too_large', 'event']
  ]
  test.each(ENTRIES)(
    'because it has %s is a dead letter, and the next one counts',
    async (_, fields, reason, field) => {
      const { service, inbox, letters } = await serviceWithInbox()
      await send(service, ...fields)
      await sendEvent(service, login())
      await drain(inbox)
      const [letter] = await lettersOf(letters)
      expect(letter?.reason).toBe(reason)
      expect(letter?.problems.map((problem) => problem.field)).toContain(field)
      expect(entriesOf(await readStored(service.redis, service.keys.prefix), 'log')).toHaveLength(1)
    }
  )

  test('is counted by reason, the good ones beside it by outcome', async () => {
    const { service, inbox, outcomes, reasons } = await serviceWithInbox()
    for (const [, bad] of BAD) await sendEvent(service, bad)
    for (let good = 0; good < 5; good++) await sendEvent(service, login())
    await drain(inbox)
    expect(outcomes).toEqual({ appended: 5, deadletter: BAD.length, retry: 0 })
    expect(reasons).toEqual(BAD.map(([, , reason]) => reason))
  })
})

describe('a partner', () => {
  test('whose keys were all revoked, or do not allow events, can send nothing', async () => {
    const { service, inbox, letters } = await serviceWithInbox()
    const partnerKeys = createPartnerKeys(service.redis, service.keys)
    const { keyId } = await partnerKeys.create('gone', ['events'], NOW_MS)
    await partnerKeys.revoke(keyId, NOW_MS)
    await partnerKeys.create('reader', ['decisions', 'features'], NOW_MS)
    for (const tenant of ['gone', 'reader']) await sendEvent(service, login(), tenant)
    await drain(inbox)
    expect((await lettersOf(letters)).map(({ tenant, reason }) => [tenant, reason])).toEqual([
      ['gone', 'unknown_tenant'],
      ['reader', 'unknown_tenant']
    ])
  })

  test('that has just got its first key can send at once', async () => {
    const { service, inbox, letters } = await serviceWithInbox()
    await sendEvent(service, login())
    await drain(inbox)
    await createPartnerKeys(service.redis, service.keys).create('newcomer', ['events'], NOW_MS)
    await sendEvent(service, login(), 'newcomer')
    await drain(inbox)
    expect(await lettersOf(letters)).toEqual([])
  })
})

describe('no plain identifier', () => {
  const PLAIN = {
    deviceId: 'CANARY-device-7f3a',
    ip: '203.0.113.77',
    phone: '+234 803 111 2222',
    bankCard: '4000 1234 5678 9010'
  }
  const SPELLINGS = [
    ...Object.values(PLAIN),
    '2348031112222',
    '2348031112222'.slice(3),
    '4000123456789010',
    'CANARY',
    'Canary',
    '203.0.113'
  ]
  /** Entries that carry identifiers where they belong, in wrong shapes and in places where none was expected. */
  const ENTRIES: string[][] = [
    ...[
      {},
      { occurredAtMs: 1 },
      { type: 'loan.given' },
      { ip: '203.0.113.77.1' },
      { ip: ['203.0.113.77'] },
      { phone: 2_348_031_112_222 },
      { phone: { number: PLAIN.phone } },
      { bankCard: 4_000_123_456_789_010 },
      { deviceId: 'CANARY device 7f3a' },
      { msisdn: PLAIN.phone },
      { '+234 803 111 2222': true },
      { [`x${'2348031112222'}`]: 1 },
      { type: PLAIN.phone },
      { type: 'CANARY-7' },
      { applicantId: PLAIN.phone },
      { eventId: PLAIN.bankCard },
      { occurredAtMs: 8_031_112_222 },
      { occurredAtMs: 2_348_031_112_222 },
      { occurredAtMs: PLAIN.phone },
      { data: { phone: PLAIN.phone } },
      { data: { [PLAIN.phone]: 1 } },
      { data: PLAIN.phone },
      { data: [PLAIN] },
      { data: { loanId: PLAIN.phone, principalMinor: '2348031112222', termDays: 2_348_031_112_222 } },
      { data: { field: PLAIN } },
      PLAIN
    ].map((changes) => ['tenant', 'alpha', 'event', JSON.stringify(login({ ...PLAIN, ...changes }))]),
    ['tenant', 'alpha', 'event', JSON.stringify(login(PLAIN)).slice(0, -1)],
    ['tenant', 'alpha', 'event', `${JSON.stringify(login(PLAIN)).slice(0, -1)},"ip":"203.0.113.77"}`],
    ['tenant', 'alpha', 'event', '2348031112222'],
    ['tenant', 'alpha', 'event', JSON.stringify([PLAIN])],
    ['tenant', 'alpha', 'event', JSON.stringify(login({ ...PLAIN, data: { x: ' '.repeat(MAX_EVENT_CHARS) } }))],
    ['tenant', PLAIN.phone, 'event', JSON.stringify(login(PLAIN))],
    ['tenant', 'gamma', 'event', JSON.stringify(login(PLAIN))],
    ['event', JSON.stringify(login(PLAIN))],
    ['tenant', 'alpha', 'event', JSON.stringify(login()), 'phone', PLAIN.phone],
    ['tenant', 'alpha', 'event', JSON.stringify(login()), PLAIN.phone, 'x']
  ]

  test('is in any key or value once entries were handled, whether they were events or not', async () => {
    const { service, inbox, letters } = await serviceWithInbox()
    for (const fields of ENTRIES) await send(service, ...fields)
    await drain(inbox)
    const stored = await readStored(service.redis, service.keys.prefix)
    expect((await lettersOf(letters)).length).toBe(ENTRIES.length - 2)
    expect(entriesOf(stored, 'log')).toHaveLength(2)
    expect(entriesOf(stored, 'inbox')).toEqual([])
    for (const [key, value] of stored) {
      for (const plain of SPELLINGS) expect(`${key} ${value}`).not.toContain(plain)
    }
  })

  test('is in a letter, but the tokens that the log has are, so that a correction counts for the same entities', async () => {
    const { service, inbox, letters } = await serviceWithInbox()
    await sendEvent(service, login(PLAIN))
    await sendEvent(service, login({ ...PLAIN, occurredAtMs: 1 }))
    await drain(inbox)
    const [letter] = await lettersOf(letters)
    const [[, fields]] = entriesOf(await readStored(service.redis, service.keys.prefix), 'log') as [[string, string[]]]
    const { refs } = JSON.parse(fields[1] as string)
    expect(letter?.tokens).toEqual(IDENTIFIER_FIELDS)
    expect(letter?.event).toMatchObject({
      applicantId: 'person',
      deviceId: refs.device,
      ip: refs.ip,
      phone: refs.phone,
      bankCard: refs.card
    })
    expect(letter?.removed).toEqual([])
  })

  test('is kept of what is wrong, but slips that name nobody are', async () => {
    const { service, inbox, letters } = await serviceWithInbox()
    const seconds = Math.floor((NOW_MS - DAY_MS) / 1000)
    await sendEvent(service, disbursed({ type: 'loan.given', occurredAtMs: seconds, colour: 'red', ip: '1.2.3' }))
    await drain(inbox)
    const [letter] = await lettersOf(letters)
    expect(letter?.event).toMatchObject({
      type: 'loan.given',
      occurredAtMs: seconds,
      colour: null,
      ip: null,
      data: { principalMinor: 1_000_000, termDays: 30 }
    })
    expect(letter?.removed.sort()).toEqual(['/colour', '/ip'])
  })
})
