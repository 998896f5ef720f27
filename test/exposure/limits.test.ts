import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, test } from 'vitest'
import type { AssayEvent, EventType } from '../../src/domain/event.ts'
import { MAX_EXPOSURE_ENTRIES, owedIn, parseExposure } from '../../src/domain/exposure.ts'
import { createBehaviourStore } from '../../src/features/behaviour-store.ts'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys, type Keys, partitionOfText } from '../../src/redis/keys.ts'
import { application, buildTestApp, postDecision } from '../support/app.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'

const NOW_MS = Date.parse('2026-11-25T10:00:00Z')
let redis: Redis
let keys: Keys
let serial = 0
beforeEach(async () => {
  redis = await connectRedis()
  await loadFunctions(redis)
  keys = createKeys(uniquePrefix('exposed'))
})

const keyOf = () => keys.exposure(partitionOfText('a'), 't', 'a')
const stored = () => redis.get(keyOf())
const tell = async (type: EventType, data: object, occurredAtMs = NOW_MS) => {
  const limits = { compactFromBytes: 1e6, maxEntityBytes: 1e6, nowMs: () => NOW_MS, onSetAside: () => {} }
  const event: AssayEvent = { eventId: `e${++serial}`, type, occurredAtMs, tenant: 't', refs: { applicant: 'a' }, data }
  await createBehaviourStore({ redis, keys, ...limits }).append(event)
}
const payOut = (loanId: string, told: object = { principalMinor: 1000 }) =>
  tell('loan.disbursed', { loanId, termDays: 30, ...told })
const close = (loanId: string, atMs?: number) => tell('loan.closed', { loanId, disbursedAtMs: 0, dueAtMs: 0 }, atMs)

describe('what is kept of an applicant', () => {
  test('is nothing for an event that is about no loan', async () => {
    await tell('auth.login', {})
    expect(await stored()).toBeNull()
  })

  test('stays while a loan is open, and ends some time after the last is closed', async () => {
    await payOut('l')
    expect(await redis.pttl(keyOf())).toBe(-1)
    await close('l')
    expect(await redis.pttl(keyOf())).toBeGreaterThan(399 * 86_400_000)
    expect(owedIn(await stored(), 'NGN', NOW_MS)).toEqual({ kind: 'known', owedMinor: 0 })
  })

  test('remembers the newest 32 closed loans, whatever the order in which they are told', async () => {
    for (let loan = 40; loan > 0; loan--) await close(`l${loan}`, NOW_MS + loan)
    const known = Object.keys(parseExposure((await stored()) ?? '')?.c ?? {})
    expect(known.toSorted()).toEqual(Array.from({ length: 32 }, (_, index) => `l${index + 9}`).toSorted())
  })

  test('is at most 16 KiB: a payment that does not fit lowers nothing, a loan makes the whole unknown', async () => {
    const loan = (count: number) => `loan-with-a-long-name-that-takes-room-${count}`
    let count = 0
    while (((await stored())?.length ?? 0) < 16_200) await payOut(loan(count++))
    const owed = owedIn(await stored(), 'NGN', NOW_MS)
    expect(owed).toEqual({ kind: 'unknown' })
    const before = await stored()
    for (let nr = 0; nr < 20; nr++)
      await tell('repayment.received', { loanId: loan(0), instalmentNo: 1, dueAtMs: NOW_MS, amountMinor: 1 })
    expect(((await stored()) ?? '').length).toBeLessThanOrEqual(16_384)
    expect(before).not.toContain('"f":1')
    await payOut(loan(count++))
    expect(parseExposure((await stored()) ?? '')?.f).toBe(1)
  })

  test('counts a loan of no known currency in each, and of a known one in that', async () => {
    await payOut('l1', { principalMinor: 1000 })
    await payOut('l2', { principalMinor: 500, currency: 'CNY' })
    const owed = async (currency: 'NGN' | 'CNY') => owedIn(await stored(), currency, NOW_MS)
    expect([await owed('NGN'), await owed('CNY')]).toMatchObject([{ owedMinor: 1000 }, { owedMinor: 1500 }])
  })
})

describe('what cannot be relied on', () => {
  const withExposure = async (value: string) => {
    const service = await buildTestApp()
    const person = application()
    const first = (await postDecision(service, { ...person, amountMinor: 500_000 })).json()
    const scan = await service.redis.keys(`${service.keys.prefix}*:exposure:alpha:*`)
    expect(scan).toHaveLength(1)
    await service.redis.set(scan[0] as string, value)
    const again = application({ applicantId: person.applicantId, amountMinor: 500_000 })
    return [first.decision, (await postDecision(service, again)).json()] as const
  }
  const open = Object.fromEntries(
    Array.from({ length: MAX_EXPOSURE_ENTRIES }, (_, loan) => [`l${loan}`, [1, -1, 0, 0, 0, 'NGN', 'x']])
  )

  test.each([
    ['bytes that are none', 'not JSON'],
    ['too many loans', JSON.stringify({ l: open })],
    ['something that did not fit', '{"f":1}']
  ])('refers to a person: %s', async (_, value) => {
    const [first, second] = await withExposure(value)
    expect(first).toBe('APPROVE')
    expect([second.decision, second.offers, second.limit]).toEqual(['REFER', [], null])
    expect(second.reasons.map(({ code }: { code: string }) => code)).toEqual(['SYS_EXPOSURE_UNKNOWN'])
  })

  test('ends with a person when others take of the limit again and again', async () => {
    let commits = 0
    const service = await buildTestApp({
      wrapStore: (store) => ({
        ...store,
        commit: async (commitment) => {
          commits++
          if (commitment.hold === undefined) return store.commit(commitment)
          return { kind: 'exposed', owed: { kind: 'known', owedMinor: 0 } }
        }
      })
    })
    const decision = (await postDecision(service, application())).json()
    expect([decision.decision, decision.reasons[0].code, commits]).toEqual(['REFER', 'SYS_EXPOSURE_CONTENDED', 4])
    expect(await service.metrics.registry.metrics()).toMatch(/^credit_exposure_retries_total(\{[^}]*\})? 3$/m)
  })
})
