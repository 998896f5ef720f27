import { describe, expect, test } from 'vitest'
import { buildOps } from '../src/gateway/ops.ts'
import { createLog, createRareFaults, faultFields, LOGGED_FIELDS } from '../src/log.ts'
import { readStored } from './redis/stored.ts'
import { application, approve, buildTestApp, postDecision } from './support/app.ts'

function logged(write: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = []
  write(createLog('gateway', 'trace', { write: (line: string) => void lines.push(line) }))
  return lines.join('')
}

describe('the log', () => {
  test('is one JSON object a line with level, time, process and message, whatever is in it', () => {
    const text = logged((log) => log.info({ route: '/v1/x\n{"level":"fatal"}' }, 'a\nb "c" \u001b[31m'))
    expect(text.split('\n')).toHaveLength(2)
    expect(JSON.parse(text)).toEqual({
      level: 'info',
      time: expect.any(Number),
      process: 'gateway',
      route: '/v1/x\n{"level":"fatal"}',
      msg: 'a\nb "c" \u001b[31m'
    })
  })

  test('has the allowed fields and drops every other', () => {
    const fields = Object.fromEntries(LOGGED_FIELDS.map((field) => [field, 'x']))
    const text = logged((log) =>
      log.info({ ...fields, phone: 'CANARY', body: { phone: 'CANARY' }, req: 'CANARY', err: 'CANARY' }, 'm')
    )
    expect(Object.keys(JSON.parse(text)).sort()).toEqual([...LOGGED_FIELDS, 'level', 'msg', 'time'].sort())
    expect(text).not.toContain('CANARY')
  })

  test.each([
    ['an error by itself', (log: ReturnType<typeof createLog>) => log.error(new Error('CANARY'))],
    [
      'an error beside a message',
      (log: ReturnType<typeof createLog>) => log.error({ err: new Error('CANARY') }, 'failed')
    ],
    ['a child with bindings', (log: ReturnType<typeof createLog>) => log.child({ phone: 'CANARY' }).info('hello')],
    [
      'an object inside an allowed field',
      (log: ReturnType<typeof createLog>) => log.info({ reason: { phone: 'CANARY' } }, 'm')
    ]
  ])('lets nothing out through %s', (_name, write) => {
    expect(logged(write)).not.toContain('CANARY')
  })

  test('says of a fault its code or class and where it was, not its message', () => {
    const fault = Object.assign(new TypeError('CANARY\n    at CANARY'), { code: 'ECONNREFUSED' })
    const fields = faultFields(fault)
    expect(fields.reason).toBe('ECONNREFUSED')
    expect(faultFields(new RangeError('CANARY')).reason).toBe('RangeError')
    expect(fields.stack).toContain('log.test.ts')
    expect(JSON.stringify([fields, faultFields('CANARY'), faultFields({ CANARY: 1 })])).not.toContain('CANARY')
  })
})

test('a fault that repeats is logged at once, and then a line each while, with how often it came', () => {
  let nowMs = 0
  const refused = Object.assign(new Error('CANARY'), { code: 'ECONNREFUSED' })
  const text = logged((log) => {
    const fault = createRareFaults(log, 'queue error', 30_000, () => nowMs)
    for (; nowMs < 60_000; nowMs += 30) fault(refused)
    fault(new RangeError('CANARY'))
    fault(refused)
    for (let kind = 0; kind < 200; kind++) fault(Object.assign(new Error('CANARY'), { code: `E${kind}` }))
  })
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.slice(0, 4).map(({ reason, count }) => [reason, count])).toEqual([
    ['ECONNREFUSED', undefined],
    ['ECONNREFUSED', 1000],
    ['RangeError', undefined],
    ['ECONNREFUSED', 1000]
  ])
  expect(lines).toHaveLength(204)
  expect(text).not.toContain('CANARY')
})

/** Identifiers that occur nowhere else, each with how it looks after normalising. */
const CANARIES = {
  nationalId: ['CANARYNID77001', 'canarynid77001'],
  phone: ['+234 801 777 0001', '2348017770001'],
  bankCard: ['5399-8377-7000-0001', '5399837770000001'],
  email: ['Canary.Mail@Example.ORG', 'canary.mail@example.org'],
  deviceId: ['canary-device-77'],
  ip: ['203.0.113.77'],
  applicantId: ['canary-person-77']
}
const [nationalId, phone, bankCard, email, deviceId, ip, applicantId] = Object.values(CANARIES).map(
  ([plain]) => plain as string
)
const CANARY = {
  applicantId: applicantId as string,
  identity: { nationalId, phone, bankCard, email },
  device: { deviceId, ip }
} as Parameters<typeof application>[0]

describe('no plain identifier of a person', () => {
  test('is in any log line, metric, Redis key or value, or answer: not of decisions, events, faults or refusals', async () => {
    let step = 0
    const service = await buildTestApp({
      score: () => {
        if (++step === 4) throw new Error(`a fault that quotes ${phone} ${nationalId} ${applicantId}`)
        return approve([0.05, 0.3, 0.5][step - 1])
      }
    })
    const { app, alpha: headers, metrics, redis, keys, logLines } = service
    const bodies: string[] = []
    const known = application(CANARY)
    for (const request of [known, application(CANARY), application(CANARY), application(CANARY), known]) {
      bodies.push((await postDecision(service, request)).body)
    }
    expect(step).toBe(4)
    bodies.push((await postDecision(service, { ...known, amountMinor: 1 })).body)
    bodies.push(
      (await postDecision(service, { ...known, extra: phone, [phone as string]: 1 })).body.replaceAll(
        phone as string,
        ''
      )
    )
    bodies.push((await postDecision(service, { ...known, applicantId: `${applicantId} x` })).body)
    bodies.push((await postDecision(service, `{"phone":"${phone}"`)).body)
    const event = {
      type: 'auth.login',
      occurredAtMs: Date.now() - 1,
      applicantId,
      deviceId,
      ip,
      phone,
      bankCard,
      data: {}
    }
    for (const payload of [
      { ...event, eventId: 'e-1' },
      { ...event, eventId: 'e-2', type: phone },
      { ...event, eventId: 'e 3' }
    ]) {
      bodies.push((await app.inject({ method: 'POST', url: '/v1/events', headers, payload })).body)
    }
    for (const url of [
      `/v1/decisions/${applicantId}`,
      `/v1/${phone?.replaceAll(' ', '')}`,
      `/v1/features?phone=${deviceId}`
    ]) {
      bodies.push((await app.inject({ url, headers })).body)
    }
    const ops = await buildOps({ metrics, notReady: () => [] })
    const scraped = (await ops.inject('/metrics')).body
    await ops.close()
    const stored = [...(await readStored(redis, keys.prefix))].flat().join('\n')
    expect(stored.length, 'there is something to look through').toBeGreaterThan(2000)
    expect(logLines.length, 'the fault was logged').toBeGreaterThan(0)
    const places = { logs: logLines.join(''), metrics: scraped, redis: stored, answers: bodies.join('\n') }
    const found = Object.entries(places).flatMap(([place, text]) =>
      Object.entries(CANARIES).flatMap(([name, spellings]) =>
        spellings.some((spelling) => text.includes(spelling)) ? [`${name} in ${place}`] : []
      )
    )
    expect(found).toEqual([])
  })
})
