import { describe, expect, onTestFinished, test } from 'vitest'
import { createEdge } from '../../src/edge/edge.ts'
import { createTokenise } from '../../src/edge/tokens.ts'
import type { BehaviourStore } from '../../src/features/behaviour-store.ts'
import { MAX_DELIVERIES } from '../../src/inbox/delivery.ts'
import { readStored } from '../redis/stored.ts'
import { TEST_TOKEN_KEY } from '../support/app.ts'
import { canStartRedis, startOwnRedis } from '../support/redis.ts'
import { disbursed, drain, lettersOf, sendEvent, throwTypeError, watched } from './inbox-service.ts'

/** A store whose first calls end as the list says; then it appends. */
function failing(...faults: (Error | 'full')[]) {
  const rest = [...faults]
  return (append: BehaviourStore['append']): BehaviourStore['append'] =>
    async (event) => {
      const fault = rest.shift()
      if (fault === undefined) return append(event)
      if (fault === 'full') return 'full'
      throw fault
    }
}

describe('an entry that', () => {
  test(`throws each time is a dead letter after ${MAX_DELIVERIES} tries, and those behind it go on`, async () => {
    let tries = 0
    const { service, inbox, inboxOf, letters, loansSeen } = await watched()
    const append: BehaviourStore['append'] = async (event) => {
      if (event.eventId !== 'poison') return service.behaviour.append(event)
      tries++
      throw new RangeError('holds +234 801 234 5678')
    }
    const fragile = await inboxOf('one', { append })
    await sendEvent(service, disbursed({ eventId: 'poison' }))
    for (let sent = 0; sent < 5; sent++) await sendEvent(service, disbursed())
    expect(await fragile.round(), 'the others are not kept').toBe(5)
    expect(await loansSeen()).toBe(5)
    await drain(fragile)
    const [letter] = await lettersOf(letters)
    expect(letter).toMatchObject({ reason: 'internal_error', deliveries: MAX_DELIVERIES, tokens: [] })
    expect(letter?.problems[0]?.problem).toMatch(/^threw RangeError/)
    expect(JSON.stringify(letter)).not.toMatch(/holds|801 234/)
    // Among others it is asked twice, the second time alone.
    expect(tries).toBe(MAX_DELIVERIES + 1)
    expect(await inbox.countPending()).toBe(0)
  })

  test('breaks the checks themselves is a dead letter after as many tries, and those behind it go on', async () => {
    const { service, inboxOf, letters, loansSeen } = await watched()
    const edge = createEdge(createTokenise(TEST_TOKEN_KEY))
    const fragile = await inboxOf('one', {
      edge: {
        ...edge,
        toEvent: (tenant, input, at, nowMs) => {
          if (input.eventId === 'poison') throwTypeError('holds +234 801 234 5678')
          return edge.toEvent(tenant, input, at, nowMs)
        }
      }
    })
    await sendEvent(service, disbursed({ eventId: 'poison' }))
    await sendEvent(service, disbursed())
    expect(await fragile.round()).toBe(1)
    await drain(fragile)
    const [letter] = await lettersOf(letters)
    expect(letter).toMatchObject({ reason: 'internal_error', deliveries: MAX_DELIVERIES })
    expect(letter?.problems[0]?.problem).toMatch(/^threw TypeError at throwTypeError inbox-service\.ts:\d+$/)
    expect(await loansSeen()).toBe(1)
  })

  test('makes Redis refuse it because of what it would write does not keep the others of its call', async () => {
    const { service, inbox, letters, loansSeen } = await watched()
    await sendEvent(service, disbursed({ applicantId: 'poisoned' }))
    await drain(inbox)
    const [key] = [...(await readStored(service.redis, service.keys.prefix)).keys()].filter((name) =>
      name.includes(':entity:a:')
    )
    await service.redis.del(key as string)
    await service.redis.lpush(key as string, 'not a string')
    await sendEvent(service, disbursed({ applicantId: 'poisoned' }))
    for (let sent = 0; sent < 5; sent++) await sendEvent(service, disbursed())
    await drain(inbox)
    expect(await loansSeen()).toBe(5)
    const [letter] = await lettersOf(letters)
    expect([letter?.reason, letter?.problems[0]?.problem]).toEqual([
      'internal_error',
      expect.stringMatching(/^threw WRONGTYPE/)
    ])
  })

  test('ends its worker each time is a dead letter, and those that were with it are not', async () => {
    const { service, inbox, inboxOf, letters, loansSeen } = await watched()
    class Died extends Error {}
    const events = ['a', 'poison', 'b', 'c'].map((eventId) => disbursed({ eventId }))
    for (const event of events) await sendEvent(service, event)
    // A process that dies answers nothing more: neither appends of the batch nor acknowledgements follow.
    const append: BehaviourStore['append'] = async (event) => {
      if (event.eventId === 'poison') throw new Died('Connection is closed.')
      return service.behaviour.append(event)
    }
    for (let life = 0; life < 20 && (await inbox.countPending()) > 0; life++) {
      const mortal = await inboxOf(`life-${life}`, { append })
      try {
        for (let round = 0; round < 10 && (await mortal.countPending()) > 0; round++) await mortal.round()
      } catch (error) {
        if (!(error instanceof Died)) throw error
      }
    }
    expect((await lettersOf(letters)).map(({ reason, event }) => [reason, event?.eventId])).toEqual([
      ['internal_error', 'poison']
    ])
    expect(await loansSeen()).toBe(3)
  })

  test('finds its entity full is tried again, and is counted once there is room', async () => {
    const { service, inboxOf, letters, loansSeen, outcomes } = await watched()
    const inbox = await inboxOf('one', { append: failing('full', 'full', 'full')(service.behaviour.append) })
    await sendEvent(service, disbursed())
    await drain(inbox)
    expect(await lettersOf(letters)).toEqual([])
    expect(outcomes).toEqual({ appended: 1, deadletter: 0, retry: 3 })
    expect(await loansSeen()).toBe(1)
  })

  test('finds its entity full for ever is a dead letter with the code of HTTP', async () => {
    const { service, inbox, letters } = await watched({ maxEntityBytes: 200 })
    for (let sent = 0; sent < 20; sent++) await sendEvent(service, disbursed({ applicantId: 'crowded' }))
    await sendEvent(service, disbursed())
    await drain(inbox)
    const found = await lettersOf(letters)
    expect(new Set(found.map(({ reason, deliveries }) => `${reason} ${deliveries}`))).toEqual(
      new Set([`backlog ${MAX_DELIVERIES}`])
    )
    expect(found.every(({ event }) => event?.applicantId === 'crowded')).toBe(true)
  })
})

describe('a Redis that cannot take writes', () => {
  test('uses up no try, however long: the same entries are handled once it can', async () => {
    const { service, inboxOf, letters, loansSeen } = await watched()
    const faults = Array.from({ length: 30 }, (_, index) => {
      if (index % 2 === 0) return new Error('Command timed out')
      return Object.assign(new Error("OOM command not allowed when used memory > 'maxmemory'."), { name: 'ReplyError' })
    })
    const inbox = await inboxOf('one', { append: failing(...faults)(service.behaviour.append) })
    for (let sent = 0; sent < 3; sent++) await sendEvent(service, disbursed())
    let failed = 0
    for (let round = 0; round < 100 && (await inbox.countPending()) > 0; round++) {
      await inbox.round().catch(() => failed++)
    }
    expect(failed).toBe(10)
    expect(await lettersOf(letters)).toEqual([])
    expect(await loansSeen()).toBe(3)
  })

  test.skipIf(!canStartRedis())('because it is full keeps every entry, and goes on when there is room', async () => {
    const own = await startOwnRedis()
    onTestFinished(() => own.stop())
    const { service, inbox, letters, loansSeen } = await watched({ redisUrl: own.url })
    await sendEvent(service, disbursed())
    await sendEvent(service, '{')
    await service.redis.config('SET', 'maxmemory', '1mb')
    for (let round = 0; round < 12; round++) await expect(inbox.round()).rejects.toThrow('OOM')
    expect(await inbox.countPending()).toBe(2)
    await service.redis.config('SET', 'maxmemory', '0')
    await drain(inbox)
    expect((await lettersOf(letters)).map(({ reason }) => reason)).toEqual(['malformed_json'])
    expect(await loansSeen()).toBe(1)
  })
})
