import { beforeEach, describe, expect, test } from 'vitest'
import type { DecisionRequest } from '../../src/domain/application.ts'
import { readStored } from '../redis/stored.ts'
import { application, buildTestApp, postDecision, type TestApp } from '../support/app.ts'

let service: TestApp
beforeEach(async () => {
  service = await buildTestApp()
})

const JSON_TYPE = { 'content-type': 'application/json' }
type Changes = { readonly [name: string]: unknown }

const post = (url: string, payload: string | Buffer, headers: Changes = JSON_TYPE) =>
  service.app.inject({ method: 'POST', url, headers: { ...service.alpha, ...headers } as never, payload })
type Answer = Awaited<ReturnType<typeof post>>

/** Sends what must be refused; the answer is a problem, and Redis holds the very same as before. */
async function refused(send: () => Promise<Answer>, status: number, code: string, field?: string): Promise<Answer> {
  const before = await readStored(service.redis, service.keys.prefix)
  const answer = await send()
  expect.soft([answer.statusCode, answer.json().code], answer.body.slice(0, 300)).toEqual([status, code])
  if (answer.statusCode !== status) return answer
  expect(answer.headers['content-type']).toContain('application/problem+json')
  expect(answer.json()).toMatchObject({ type: `urn:assay:error:${code}`, status, requestId: expect.any(String) })
  if (field !== undefined) expect(answer.json().errors.map((error: { field: string }) => error.field)).toContain(field)
  expect(await readStored(service.redis, service.keys.prefix)).toEqual(before)
  return answer
}

async function stillWorks(): Promise<void> {
  expect((await postDecision(service, application())).statusCode).toBe(200)
}

const text = (changes: Changes = {}) => JSON.stringify({ ...application(), ...changes })
const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

const anEvent = (changes: Changes = {}) => ({
  eventId: `e-${Math.random()}`,
  type: 'auth.login',
  occurredAtMs: Date.now(),
  applicantId: 'person-1',
  data: {},
  ...changes
})

describe('a body that is not JSON', () => {
  const bodies: [name: string, body: string][] = [
    ['nothing but a brace', '{'],
    ['an empty text', ''],
    ['blanks', '   '],
    ['a word', 'hello'],
    ['NaN', '{"amountMinor": NaN}'],
    ['a trailing comma', '{"applicationId":"a",}'],
    ['a comment', '{/* */}'],
    ['two documents', '{}{}'],
    ['a byte order mark', `\ufeff${text()}`],
    ['a raw line feed in a string', '{"applicationId":"a\nb"}'],
    ['an unfinished string', '{"applicationId":"'],
    ['a backslash at the end', '{"applicationId":"\\'],
    ['60,000 brackets', deep(30_000)],
    ['seventeen levels', `{"device":${deep(17)}}`]
  ]
  test.each(['/v1/decisions', '/v1/events'])(
    'is refused as malformed by %s, and the next one is served',
    async (url) => {
      for (const [name, body] of bodies) {
        const answer = await refused(() => post(url, body), 400, 'malformed_json')
        expect(answer.body, name).not.toContain('stack')
      }
      await stillWorks()
    }
  )

  test('no body at all is refused', async () => {
    for (const url of ['/v1/decisions', '/v1/events']) {
      const { app, alpha } = service
      for (const headers of [alpha, { ...alpha, ...JSON_TYPE }]) {
        const answer = await app.inject({ method: 'POST', url, headers })
        expect([400, 415], answer.body).toContain(answer.statusCode)
        expect(answer.headers['content-type']).toContain('application/problem+json')
      }
    }
  })

  test('UTF-16 is refused, whatever the header says', async () => {
    for (const type of ['application/json', 'application/json; charset=utf-16']) {
      const answer = await post('/v1/decisions', Buffer.from(text(), 'utf16le'), { 'content-type': type })
      expect([400, 415]).toContain(answer.statusCode)
    }
  })

  const twice: [name: string, body: string][] = [
    ['the same name twice', text().replace('{', '{"amountMinor":1,')],
    ['twice, once escaped', text().replace('{', '{"\\u0061mountMinor":1,')],
    ['twice in an inner object', text({ term: 0 }).replace('"term":0', '"term":{"count":30,"unit":"day","count":90}')],
    ['twice with the same value', text({ purpose: 'x' }).replace('"purpose":"x"', '"purpose":"rent","purpose":"rent"')]
  ]
  test('a member that is given twice is refused: none is dropped silently', async () => {
    for (const [, body] of twice) await refused(() => post('/v1/decisions', body), 400, 'malformed_json')
  })
})

describe('a body of another type or size', () => {
  const types = [
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/vnd.api+json',
    'application/jsonp',
    'application/json\ta',
    'application/json,text/plain',
    'application/json garbage',
    'garbage',
    '',
    ';'
  ]
  test('that is not application/json is 415: no spelling of a type skips validation', async () => {
    for (const type of types) {
      const headers = { 'content-type': type }
      await refused(() => post('/v1/decisions', text(), headers), 415, 'unsupported_media_type')
      await refused(() => post('/v1/events', JSON.stringify(anEvent()), headers), 415, 'unsupported_media_type')
    }
  })

  test('a content type is found in any case and with a charset', async () => {
    for (const type of ['APPLICATION/JSON', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"']) {
      expect((await post('/v1/decisions', text(), { 'content-type': type })).statusCode, type).toBe(200)
      const invalid = await post('/v1/decisions', '{}', { 'content-type': type })
      expect(invalid.json().code, type).toBe('invalid_request')
    }
  })

  test('a decision request above 64 KiB is 413, at the limit it is read', async () => {
    const padded = (bytes: number) => text().padEnd(bytes, ' ')
    await refused(() => post('/v1/decisions', padded(64 * 1024 + 1)), 413, 'body_too_large')
    await refused(() => post('/v1/decisions', text({ purpose: 'x'.repeat(2_000_000) })), 413, 'body_too_large')
    expect((await post('/v1/decisions', padded(64 * 1024))).statusCode).toBe(200)
  })

  test('a huge list of events is 413', async () => {
    const body = JSON.stringify({ events: [anEvent()] }).padEnd(4_000_000, ' ')
    await refused(() => post('/v1/events', body), 413, 'body_too_large')
    await stillWorks()
  })
})

describe('members that nobody asked for', () => {
  const levels: [field: string, change: (request: Record<string, object>) => object][] = [
    ['/extra', (request) => ({ ...request, extra: 1 })],
    ['/term/extra', (request) => ({ ...request, term: { ...request.term, extra: 1 } })],
    ['/applicant/extra', (request) => ({ ...request, applicant: { ...request.applicant, extra: 1 } })],
    ['/identity/extra', (request) => ({ ...request, identity: { extra: 1 } })],
    ['/device/extra', (request) => ({ ...request, device: { extra: 1 } })],
    ...[
      'tenant',
      'tenant_id',
      'isApproved',
      'score',
      'limit',
      'role',
      'decisionId',
      'asOf',
      'toString',
      'constructor'
    ].map((name): [string, (request: object) => object] => [`/${name}`, (request) => ({ ...request, [name]: 'x' })])
  ]
  test('are an error at every level and not ignored', async () => {
    for (const [field, change] of levels) {
      const body = JSON.stringify(change(application() as never))
      await refused(() => post('/v1/decisions', body), 400, 'invalid_request', field)
    }
  })

  test('pollute no prototype', async () => {
    for (const name of ['__proto__', '\\u005f_proto__', 'constructor', 'prototype', 'hasOwnProperty']) {
      for (const level of ['{', '"applicant":{', '"term":{']) {
        const body = text().replace(level, `${level}"${name}":{"polluted":true,"prototype":{"polluted":true}},`)
        await refused(() => post('/v1/decisions', body), 400, 'invalid_request')
      }
      const event = JSON.stringify(anEvent()).replace('"data":{', `"data":{"${name}":{"polluted":true}`)
      await refused(() => post('/v1/events', event), 400, 'invalid_request')
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    }
    await stillWorks()
  })
})

describe('values of a wrong type are not made to fit', () => {
  const noInteger = [null, true, false, '2000000', '1e3', '', ' ', [2_000_000], {}, 0.5, 2_000_000.5, -1, -2_000_000]
  const rawNumbers = ['1e400', '-1e400', '9007199254740993', '10000000001', '1e11', '-0.1', '0.1e-7']
  const integers = ['/amountMinor', '/term/count', '/applicant/birthYear', '/applicant/monthlyIncomeMinor'] as const

  const at = (field: string, raw: string): string => {
    const [, outer = '', inner] = field.split('/')
    const request = application() as unknown as Record<string, object>
    const marked = inner === undefined ? 'MARK' : { ...request[outer], [inner]: 'MARK' }
    return JSON.stringify({ ...request, [outer]: marked }).replace('"MARK"', raw)
  }

  test.each(integers)('%s takes an integer inside its bounds and nothing else', async (field) => {
    for (const raw of [...noInteger.map((value) => JSON.stringify(value)), ...rawNumbers]) {
      await refused(() => post('/v1/decisions', at(field, raw)), 400, 'invalid_request', field)
    }
    await stillWorks()
  })

  test('nothing asked for, no term and a birth year of two digits are absurd and refused', async () => {
    for (const field of ['/amountMinor', '/term/count', '/applicant/birthYear']) {
      await refused(() => post('/v1/decisions', at(field, '0')), 400, 'invalid_request', field)
    }
    await refused(() => post('/v1/decisions', at('/applicant/birthYear', '90')), 400, 'invalid_request')
  })

  const closed: [field: string, values: unknown[]][] = [
    ['/product', ['loan', 'CASH', '', null, 1, ['cash'], '__proto__', 'toString']],
    ['/currency', ['ngn', 'XXX', '', null, 566]],
    ['/purpose', ['holiday', '', null]],
    ['/term/unit', ['week', 'days', '', null, 1]],
    ['/term', [null, 30, '30', []]],
    ['/applicant', [null, 'person', []]],
    ['/applicant/employment', ['Permanent', '', null, 1]],
    ['/applicant/region', ['nigeria', 'ng', 'NG-', '', null, 1]],
    ['/identity', [null, 'x', []]],
    ['/device', [null, 'x', []]],
    ['/consents', [null, 'automated_decision', {}]],
    ['/consents/0', ['all', '', null, true]]
  ]
  test('what has a list of values is one of them, an unknown product too', async () => {
    for (const [field, values] of closed) {
      for (const value of values) {
        const body = field === '/consents/0' ? text({ consents: [value] }) : at(field, JSON.stringify(value))
        await refused(() => post('/v1/decisions', body), 400, 'invalid_request', field)
      }
    }
  })

  test('what is left out is named', async () => {
    for (const name of Object.keys(application())) {
      const { [name as keyof DecisionRequest]: _left, ...rest } = application()
      await refused(() => post('/v1/decisions', JSON.stringify(rest)), 400, 'invalid_request', `/${name}`)
    }
  })

  test('what is no object is no application and no event', async () => {
    for (const body of ['[]', 'null', '1', 'true', '"text"', '[{}]']) {
      await refused(() => post('/v1/decisions', body), 400, 'invalid_request')
      await refused(() => post('/v1/events', body), 400, 'invalid_request')
    }
  })

  test('all problems are named at once', async () => {
    const body = text({ product: 'loan', amountMinor: -1, currency: 'X' })
    const answer = await refused(() => post('/v1/decisions', body), 400, 'invalid_request', '/product')
    expect(
      answer
        .json()
        .errors.map(({ field }: { field: string }) => field)
        .sort()
    ).toEqual(['/amountMinor', '/currency', '/product'])
  })
})

describe('identifiers', () => {
  const badIds = [
    '',
    ' ',
    'a b',
    ' a',
    'a\n',
    'a\u0000b',
    'a\u001b[31m',
    '\ud800',
    'ünïcode',
    'а',
    '１２３',
    'a\u200bb',
    '\u202eabc',
    '{p01}',
    'a:b',
    'a*',
    '../x',
    '<b>',
    '$' + '{jndi:ldap://x}',
    'x'.repeat(65),
    'x'.repeat(10_000)
  ]
  test.each(['applicationId', 'applicantId'])('%s is short plain ASCII and nothing else', async (name) => {
    for (const id of badIds) {
      await refused(() => post('/v1/decisions', text({ [name]: id })), 400, 'invalid_request', `/${name}`)
    }
    await stillWorks()
  })

  test('so are the ids of events and devices', async () => {
    for (const id of badIds) {
      await refused(
        () => post('/v1/decisions', text({ device: { deviceId: id } })),
        400,
        'invalid_request',
        '/device/deviceId'
      )
      for (const name of ['eventId', 'applicantId', 'deviceId']) {
        const body = JSON.stringify(anEvent({ [name]: id }))
        await refused(() => post('/v1/events', body), 400, 'invalid_request', `/${name}`)
      }
    }
  })

  const noAddress = '|1.2.3|256.1.1.1|1.2.3.4.5|1.2.3.4.|1..2.3|localhost|::g|:::|1::2::3|12345::|1:2:3:4:5:6:7'
  test('what is no IP address is refused by name', async () => {
    for (const ip of [...noAddress.split('|'), '1:2:3:4:5:6:7:8:9', '1.2.3.4/24', 'fe80::1%eth0']) {
      await refused(() => post('/v1/decisions', text({ device: { ip } })), 400, 'invalid_request', '/device/ip')
      await refused(() => post('/v1/events', JSON.stringify(anEvent({ ip }))), 400, 'invalid_request', '/ip')
    }
  })

  test('an IP address in a second spelling is refused: one address is one entity', async () => {
    for (const ip of ['01.2.3.4', '1.02.3.4', '1.2.3.00']) {
      await refused(() => post('/v1/decisions', text({ device: { ip } })), 400, 'invalid_request', '/device/ip')
    }
  })

  test.each([
    ['nationalId', ['', '....', ' - - ', '1'.repeat(33), '12\u00003456', '１２３４５６']],
    ['phone', ['', '     ', '-----', '()()()', '+', 'call me', '+234 801 234 5678 ext 1', '٠١٢٣٤٥٦٧']],
    ['bankCard', ['', '        ', '--------', '5399-8300-0000-000a', '1'.repeat(33)]],
    [
      'email',
      ['', 'a', '@', 'a@', 'a b@c.d', 'a@b@c', 'a\u0000@b.c', '\ud800@b.c', 'a\u001b[0m@b.c', `${'x'.repeat(250)}@b.cd`]
    ]
  ])('identity.%s that identifies nobody is refused, so that strangers never share a token', async (name, values) => {
    const accepted: string[] = []
    for (const value of values) {
      const answer = await post('/v1/decisions', text({ identity: { [name]: value } }))
      if (answer.statusCode !== 400) accepted.push(value)
      else expect(answer.json().errors[0].field).toBe(`/identity/${name}`)
    }
    expect(accepted).toEqual([])
  })

  test('an answer to bad input quotes no value of it', async () => {
    const identity = { nationalId: 'CANARY/111', phone: 'CANARY-222', bankCard: 'CANARY-333', email: 'CANARY 444' }
    const answer = await post('/v1/decisions', text({ identity, applicantId: 'CANARY 555' }))
    expect(answer.statusCode).toBe(400)
    expect(answer.body).not.toContain('CANARY')
  })
})
