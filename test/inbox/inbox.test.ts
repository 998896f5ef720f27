import { describe, expect, onTestFinished, test } from 'vitest'
import { createEdge } from '../../src/edge/edge.ts'
import { createTokenise } from '../../src/edge/tokens.ts'
import type { BehaviourStore } from '../../src/features/behaviour-store.ts'
import { createDeadLetters, INBOX_GROUP } from '../../src/inbox/dead-letters.ts'
import { runInbox } from '../../src/inbox/inbox.ts'
import { MAX_DELIVERIES } from '../../src/inbox/inbox-round.ts'
import { writeLetter } from '../../src/inbox/judge.ts'
import type { ScoreOutcome } from '../../src/inference/scorer.ts'
import { createRetries } from '../../src/redis/retries.ts'
import { entriesOf, readStored } from '../redis/stored.ts'
import { application, approve, postDecision, TEST_TOKEN_KEY, type TestAppOptions } from '../support/app.ts'
import { canStartRedis, startOwnRedis } from '../support/redis.ts'
import {
  disbursed,
  drain,
  type InboxChanges,
  lettersOf,
  login,
  send,
  sendEvent,
  serviceWithInbox
} from './inbox-service.ts'

/** What the model saw of every decision: [applicant.loans_lifetime, device.applications_24h]. */
async function watched(options: TestAppOptions = {}, changes: InboxChanges = {}) {
  const seen: number[][] = []
  const score = (row: Float32Array): ScoreOutcome => {
    seen.push([...row])
    return approve()
  }
  const made = await serviceWithInbox({ score, ...options }, changes)
  const loansSeen = async () => {
    await postDecision(made.service, application({ applicantId: 'person' }))
    return seen.at(-1)?.[0]
  }
  const logged = async () => entriesOf(await readStored(made.service.redis, made.service.keys.prefix), 'log').length
  return { ...made, loansSeen, logged }
}

describe('an event in the inbox', () => {
  test('is seen by the very next decision once it is acknowledged, and is gone from the inbox', async () => {
    const { service, inbox, loansSeen } = await watched()
    expect(await loansSeen()).toBe(0)
    await sendEvent(service, disbursed())
    await drain(inbox)
    expect(await loansSeen()).toBe(1)
    for (let more = 0; more < 300; more++) await sendEvent(service, disbursed())
    expect(await runInbox(inbox, 300, 10_000)).toBe(300)
    expect(await loansSeen()).toBe(301)
    expect(await service.redis.xlen(service.keys.inbox())).toBe(0)
    expect(await service.redis.xpending(service.keys.inbox(), INBOX_GROUP)).toEqual([0, null, null, null])
  })

  test('counts once, however often it is sent and on whichever way', async () => {
    const { service, inbox, loansSeen } = await watched()
    const event = disbursed()
    const post = () => service.app.inject({ method: 'POST', url: '/v1/events', headers: service.alpha, payload: event })
    await sendEvent(service, event)
    await post()
    await sendEvent(service, event)
    await drain(inbox)
    await sendEvent(service, event)
    await drain(inbox)
    await post()
    expect(await loansSeen()).toBe(1)
  })

  test('is the same in the log as over HTTP, whatever its order of members', async () => {
    const { service, inbox } = await watched()
    const event = disbursed({ bankCard: '4000 1234 5678 9010', phone: '+234 801 234 5678', ip: '10.1.2.3' })
    const shuffled = Object.fromEntries(Object.entries(event).reverse())
    await service.app.inject({ method: 'POST', url: '/v1/events', headers: service.alpha, payload: event })
    await sendEvent(service, shuffled)
    await drain(inbox)
    const [[, over], [, by]] = entriesOf(await readStored(service.redis, service.keys.prefix), 'log') as [
      [string, string[]],
      [string, string[]]
    ]
    expect(by).toEqual(over)
  })

  test('that was sent before any worker ever ran is not skipped', async () => {
    const { service, inbox, logged } = await watched()
    await sendEvent(service, login())
    await drain(inbox)
    await service.redis.xgroup('DESTROY', service.keys.inbox(), INBOX_GROUP)
    await sendEvent(service, login())
    await drain(inbox)
    expect(await logged()).toBe(2)
  })

  test('is handled by one of two workers that share the inbox', async () => {
    const { service, inbox, inboxOf, outcomes } = await watched({}, { retryAfterMs: 60_000 })
    const other = await inboxOf('two')
    for (let sent = 0; sent < 500; sent++) await sendEvent(service, login())
    const done = { ours: 0, theirs: 0 }
    while ((await inbox.countPending()) > 0) {
      const [one, two] = await Promise.all([inbox.round(), other.round()])
      done.ours += one
      done.theirs += two
    }
    expect(Object.values(done).every((entries) => entries > 0)).toBe(true)
    expect(outcomes.appended).toBe(500)
  })
})

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

describe('a crash', () => {
  test('between append and acknowledge repeats, and the repeat changes nothing', async () => {
    const { service, inbox, inboxOf, loansSeen, logged } = await watched()
    const crashing = await inboxOf('dead', {
      append: async (event) => {
        await service.behaviour.append(event)
        throw new Error('Connection is closed.')
      }
    })
    for (let sent = 0; sent < 10; sent++) await sendEvent(service, disbursed())
    await expect(crashing.round()).rejects.toThrow('Connection is closed.')
    expect(await inbox.countPending()).toBe(10)
    expect(await loansSeen()).toBe(10)
    const before = await logged()
    await drain(inbox)
    expect(await logged()).toBe(before + 10)
    expect(await loansSeen()).toBe(10)
  })

  test('before anything was done loses nothing: another worker takes the entries over', async () => {
    const { service, inbox, loansSeen } = await watched()
    for (let sent = 0; sent < 10; sent++) await sendEvent(service, disbursed())
    await service.redis.xgroup('CREATE', service.keys.inbox(), INBOX_GROUP, '0')
    await service.redis.xreadgroup('GROUP', INBOX_GROUP, 'dead', 'COUNT', 10, 'STREAMS', service.keys.inbox(), '>')
    await drain(inbox)
    expect(await loansSeen()).toBe(10)
  })

  test('does not make a living worker lose what it is busy with', async () => {
    const { service, inboxOf } = await watched()
    await sendEvent(service, login())
    await service.redis.xgroup('CREATE', service.keys.inbox(), INBOX_GROUP, '0')
    await service.redis.xreadgroup('GROUP', INBOX_GROUP, 'busy', 'STREAMS', service.keys.inbox(), '>')
    const patient = await inboxOf('patient', { retryAfterMs: 60_000 })
    expect(await patient.round()).toBe(0)
    expect(await patient.countPending()).toBe(1)
  })
})

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
    expect(JSON.stringify(letter)).not.toContain('234')
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
          if (input.eventId === 'poison') throw new TypeError('holds +234 801 234 5678')
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
    expect(letter?.problems[0]?.problem).toMatch(/^threw TypeError at .*inbox\.test\.ts:\d+$/)
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

describe('an entry that two workers hold', () => {
  test('has one dead letter', async () => {
    const { service, inbox, inboxOf, letters, reasons } = await watched()
    const slow = Promise.withResolvers<void>()
    const first = await inboxOf('slow', {
      tenants: async () => {
        await slow.promise
        return new Set(['alpha'])
      }
    })
    await sendEvent(service, '{')
    const late = first.round()
    const retries = createRetries({
      redis: service.redis,
      stream: service.keys.inbox(),
      group: INBOX_GROUP,
      consumer: 'look',
      afterMs: 0,
      count: 10
    })
    while ((await retries.list()).length === 0) await service.redis.ping()
    await drain(inbox)
    slow.resolve()
    await late
    expect([(await lettersOf(letters)).length, reasons]).toEqual([1, ['malformed_json']])
  })

  test('that a producer deletes meanwhile is nobody’s any more', async () => {
    const { service, inbox, letters, logged } = await watched()
    const id = await sendEvent(service, login())
    await service.redis.xgroup('CREATE', service.keys.inbox(), INBOX_GROUP, '0')
    await service.redis.xreadgroup('GROUP', INBOX_GROUP, 'dead', 'STREAMS', service.keys.inbox(), '>')
    await service.redis.xdel(service.keys.inbox(), id)
    await sendEvent(service, login())
    await drain(inbox)
    expect([await logged(), await lettersOf(letters)]).toEqual([1, []])
    expect(await service.redis.xpending(service.keys.inbox(), INBOX_GROUP)).toEqual([0, null, null, null])
  })
})

test('a flood of bad entries keeps the newest letters and says how many went', async () => {
  const { service } = await watched()
  const few = createDeadLetters(service.redis, service.keys, 3)
  await service.redis.xgroup('CREATE', service.keys.inbox(), INBOX_GROUP, '0', 'MKSTREAM')
  const evicted: number[] = []
  const ids: string[] = []
  for (let sent = 0; sent < 5; sent++) {
    ids.push(await send(service, 'tenant', 'alpha', 'event', '{'))
    await service.redis.xreadgroup('GROUP', INBOX_GROUP, 'one', 'STREAMS', service.keys.inbox(), '>')
    const entry = {
      stream: service.keys.inbox(),
      id: ids[sent] as string,
      fields: {},
      hasRepeats: false,
      deliveries: 1
    }
    const letter = writeLetter(entry, 'malformed_json', [], { tokenise: () => 'x'.repeat(22), nowMs: 0 })
    evicted.push((await few.bury(letter)).evicted)
  }
  expect(evicted).toEqual([0, 0, 0, 1, 1])
  expect((await lettersOf(few)).map(({ inboxId }) => inboxId)).toEqual(ids.slice(2))
})
