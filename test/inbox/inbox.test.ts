import { describe, expect, test } from 'vitest'
import { createDeadLetters, INBOX_GROUP } from '../../src/inbox/dead-letters.ts'
import { INBOX_BATCH, runInbox } from '../../src/inbox/inbox.ts'
import { writeLetter } from '../../src/inbox/judge.ts'
import { createRetries } from '../../src/redis/retries.ts'
import { entriesOf, readStored } from '../redis/stored.ts'
import { disbursed, drain, lettersOf, login, send, sendEvent, watched } from './inbox-service.ts'

/** Two workers each take a batch, and there is more. */
const ENTRIES = INBOX_BATCH * 3

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
    for (let sent = 0; sent < ENTRIES; sent++) await sendEvent(service, login())
    const done = { ours: 0, theirs: 0 }
    while ((await inbox.countPending()) > 0) {
      const [one, two] = await Promise.all([inbox.round(), other.round()])
      done.ours += one
      done.theirs += two
    }
    expect(Object.values(done).every((entries) => entries > 0)).toBe(true)
    expect(outcomes.appended).toBe(ENTRIES)
  })
})

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
    await service.redis.xreadgroup('GROUP', INBOX_GROUP, 'dead', 'NOACK', 'STREAMS', service.keys.inbox(), '>')
    await drain(inbox)
    expect(await loansSeen()).toBe(10)
  })

  test('does not make a living worker lose what it is busy with', async () => {
    const { service, inboxOf } = await watched()
    await sendEvent(service, login())
    await service.redis.xgroup('CREATE', service.keys.inbox(), INBOX_GROUP, '0')
    await service.redis.xreadgroup('GROUP', INBOX_GROUP, 'busy', 'NOACK', 'STREAMS', service.keys.inbox(), '>')
    const patient = await inboxOf('patient', { retryAfterMs: 60_000 })
    expect(await patient.round()).toBe(0)
    expect(await patient.countPending()).toBe(1)
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
      monotonicMs: () => 0,
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
    await service.redis.xreadgroup('GROUP', INBOX_GROUP, 'one', 'NOACK', 'STREAMS', service.keys.inbox(), '>')
    const entry = {
      stream: service.keys.inbox(),
      id: ids[sent] as string,
      fields: {},
      fieldsSent: 0,
      deliveries: 1
    }
    const letter = writeLetter(entry, 'malformed_json', [], { tokenise: () => 'x'.repeat(22), nowMs: 0 })
    evicted.push((await few.bury(letter)).evicted)
  }
  expect(evicted).toEqual([0, 0, 0, 1, 1])
  expect((await lettersOf(few)).map(({ inboxId }) => inboxId)).toEqual(ids.slice(2))
})
