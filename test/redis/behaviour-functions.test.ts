import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, test } from 'vitest'
import { ENTITY_KINDS } from '../../src/domain/event.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { History } from '../../src/features/history.ts'
import { createTileLayouts } from '../../src/features/tile-layout.ts'
import { append, compact, forget, loadFunctions } from '../../src/redis/functions.ts'
import { tailOf } from '../features/folding.ts'
import { login } from '../features/live-behaviour.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'
import { readStored } from './stored.ts'

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex')

let redis: Redis
let prefix: string
const key = (name: string) => `${prefix}{p00}:${name}`
const stored = () => readStored(redis, prefix)
beforeEach(async () => {
  redis = await connectRedis()
  await loadFunctions(redis)
  prefix = uniquePrefix('fn')
})

/** A fold as an entity starts with: version 1, its own length in three bytes, then whatever it holds. */
const foldOf = (content: string) => {
  const fold = Buffer.from(`....${content}`)
  fold.writeUInt8(1, 0)
  fold.writeUIntBE(fold.length, 1, 3)
  return fold
}

const TAKEN = { closed: [] }
/** Of what its applicant owes. */
const UNTOUCHED = { exposure: '', change: '' }

describe('assay_append', () => {
  const call = (entities: string[], record: string, atMs = 1) => ({
    log: key('log'),
    due: key('due'),
    ...UNTOUCHED,
    entities: entities.map(key),
    atMs,
    event: '{"e":1}',
    record: Buffer.from(record)
  })
  const appendTo = async (entities: string[], record: string, dueBytes = 999, maxBytes = 999) =>
    (await append(redis, [call(entities, record)], { dueBytes, maxBytes, lateBeforeMs: 0 }))[0]
  const dueNow = async () => (await redis.xrange(key('due'), '-', '+')).map(([, fields]) => fields)

  test('adds to the log and to every entity, in order', async () => {
    expect(await appendTo(['e1', 'e2'], 'one')).toEqual(TAKEN)
    expect(await appendTo(['e1'], 'two')).toEqual(TAKEN)
    expect([await redis.get(key('e1')), await redis.get(key('e2'))]).toEqual(['onetwo', 'one'])
    expect((await redis.xrange(key('log'), '-', '+')).map(([, fields]) => fields)).toEqual([
      ['e', '{"e":1}'],
      ['e', '{"e":1}']
    ])
  })

  test('takes the events of one call in order, and a refused one holds up none behind it', async () => {
    await redis.set(key('full'), 'x'.repeat(10))
    const calls = [call(['e1'], 'one'), call(['e1', 'full'], 'two'), call(['e1', 'e2'], 'three')]
    expect(await append(redis, calls, { dueBytes: 999, maxBytes: 9, lateBeforeMs: 0 })).toEqual([TAKEN, 'full', TAKEN])
    expect([await redis.get(key('e1')), await redis.get(key('e2'))]).toEqual(['onethree', 'three'])
    expect(await redis.xlen(key('log'))).toBe(2)
  })

  test('notes the entities that have enough to fold, and only these', async () => {
    await redis.mset(key('e1'), 'x'.repeat(10), key('e2'), 'x'.repeat(9), key('e3'), 'x'.repeat(11))
    await appendTo(['e1', 'e2', 'e3'], 'one', 13)
    expect(await dueNow()).toEqual([['k', `${key('e1')} ${key('e3')}`]])
  })

  test('what is folded already does not count towards it, however long it is', async () => {
    await redis.set(key('e1'), foldOf('x'.repeat(500)))
    await appendTo(['e1'], 'one', 6)
    expect(await dueNow()).toEqual([])
    await appendTo(['e1'], 'two', 6)
    expect(await dueNow()).toEqual([['k', key('e1')]])
  })

  test('one full entity refuses the event as a whole', async () => {
    await redis.mset(key('e2'), 'x'.repeat(10), key('e3'), 'y')
    const before = await stored()
    expect(await appendTo(['e1', 'e2', 'e3'], 'one', 999, 9)).toBe('full')
    expect(await stored()).toEqual(before)
  })
})

describe('an entity of which older events are tiles', () => {
  const limits = { dueBytes: 99_999, maxBytes: 99_999, lateBeforeMs: 0 }
  const HORIZON_MS = 1_700_000_000_123
  /** A fold that says that everything up to a time is a tile; `bytes` long in all. */
  const crowded = (horizonMs: number, bytes = 5000) => {
    const fold = Buffer.alloc(bytes, 7)
    fold.writeUInt8(2, 0)
    fold.writeUIntBE(bytes, 1, 3)
    fold.writeIntBE(horizonMs, 4, 6)
    return fold
  }
  const appendAt = async (atMs: number, entities: string[]) => {
    const keys = { log: key('log'), due: key('due'), entities: entities.map(key), ...UNTOUCHED }
    return (await append(redis, [{ ...keys, atMs, event: '{"e":1}', record: Buffer.from('late') }], limits))[0]
  }
  const lengths = (...names: string[]) => Promise.all(names.map((name) => redis.strlen(key(name))))

  test('does not take an event of that time; the log and its other entities do', async () => {
    await redis.set(key('e2'), crowded(HORIZON_MS), 'PX', 60_000)
    const before = await redis.getBuffer(key('e2'))
    expect(await appendAt(HORIZON_MS, ['e1', 'e2', 'e3'])).toEqual({ closed: [1] })
    expect(await redis.getBuffer(key('e2'))).toEqual(before)
    expect(await redis.pttl(key('e2'))).toBeGreaterThan(0)
    expect(await lengths('e1', 'e3')).toEqual([4, 4])
    expect(await redis.xlen(key('log'))).toBe(1)
  })

  test('takes the very next millisecond', async () => {
    await redis.set(key('e1'), crowded(HORIZON_MS))
    expect(await appendAt(HORIZON_MS + 1, ['e1'])).toEqual(TAKEN)
    expect(await lengths('e1')).toEqual([5004])
  })

  test('takes everything while nothing is a tile, or while it is only records', async () => {
    await redis.mset(key('e1'), crowded(-1), key('e2'), Buffer.alloc(5000, 46))
    expect(await appendAt(1, ['e1', 'e2'])).toEqual(TAKEN)
  })

  test('is closed even where 512 whole events are as short as can be', async () => {
    const events = Array.from({ length: 700 }, (_, index) =>
      login(`e${index}`, 'a', HORIZON_MS + index * 50, { ip: 'i' })
    )
    const ips = createTileLayouts(CATALOGUE)[ENTITY_KINDS.indexOf('ip')]
    const profile = new History(ips).fold(null, tailOf(events)).encode()
    await redis.set(key('e1'), profile)
    expect(await appendAt(HORIZON_MS, ['e1'])).toEqual({ closed: [0] })
    expect(await redis.getBuffer(key('e1'))).toEqual(profile)
  })

  test('is closed for a late event even when an erasure made it short, whose bytes it then was not counted in', async () => {
    await redis.set(key('e1'), crowded(HORIZON_MS, 32))
    const call = {
      log: key('log'),
      due: key('due'),
      entities: [key('e1')],
      event: '{"e":1}',
      record: Buffer.from('late'),
      ...UNTOUCHED
    }
    const late = { ...limits, lateBeforeMs: HORIZON_MS + 1 }
    expect(await append(redis, [{ ...call, atMs: HORIZON_MS }], late)).toEqual([{ closed: [0] }])
    expect(await lengths('e1')).toEqual([32])
    expect(await append(redis, [{ ...call, atMs: HORIZON_MS + 1 }], late)).toEqual([TAKEN])
  })

  test('of bytes that are neither fold nor record takes a late event all the same', async () => {
    await redis.set(key('e1'), Buffer.from([2, 0, 0]))
    const keys = { log: key('log'), due: key('due'), entities: [key('e1')], ...UNTOUCHED }
    const call = { ...keys, event: '{}', record: Buffer.alloc(1) }
    expect(await append(redis, [{ ...call, atMs: 1 }], { ...limits, lateBeforeMs: 2 })).toEqual([TAKEN])
  })

  test('names every entity that is closed', async () => {
    await redis.mset(key('e1'), crowded(HORIZON_MS), key('e3'), crowded(HORIZON_MS))
    expect(await appendAt(1, ['e1', 'e2', 'e3'])).toEqual({ closed: [0, 2] })
  })
})

describe('assay_compact', () => {
  const compactFrom = (folded: string, fold: string) => compact(redis, key('e'), [folded.length, sha1(folded), fold])
  const held = () => redis.get(key('e'))

  test('puts the fold in the place of what it was made of and keeps what came after', async () => {
    await redis.set(key('e'), 'onetwo')
    expect(await compactFrom('one', 'F1')).toBe(true)
    expect(await held()).toBe('F1two')
    expect(await compactFrom('F1two', 'F2')).toBe(true)
    expect(await held()).toBe('F2')
  })

  test('a repeat, another content or more than there is: refused, and nothing is written', async () => {
    await redis.set(key('e'), 'onetwo')
    await compactFrom('one', 'F1')
    expect(await compactFrom('one', 'F1')).toBe(false)
    expect(await compactFrom('F1twothree', 'F2')).toBe(false)
    expect(await compactFrom('xx', 'F2')).toBe(false)
    expect(await held()).toBe('F1two')
    expect(await compact(redis, key('none'), [3, sha1('one'), 'F1'])).toBe(false)
    expect(await redis.exists(key('none'))).toBe(0)
  })

  test('of two workers that fold at once, one alone replaces; no event is lost between them', async () => {
    await redis.set(key('e'), 'onetwo')
    const outcomes = await Promise.all([compactFrom('one', 'F1'), compactFrom('onetwo', 'F12')])
    expect(outcomes).toEqual([true, false])
    expect(await held()).toBe('F1two')
  })

  test('takes bytes as they are', async () => {
    const before = Buffer.from([255, 0, 128])
    await redis.set(key('e'), Buffer.concat([before, Buffer.from([9, 254])]))
    const digest = createHash('sha1').update(before).digest('hex')
    expect(await compact(redis, key('e'), [3, digest, Buffer.from([1, 253])])).toBe(true)
    expect(await redis.getBuffer(key('e'))).toEqual(Buffer.from([1, 253, 9, 254]))
  })
})

describe('assay_forget', () => {
  const forgetWhat = (read: string) => forget(redis, key('e'), [read.length, sha1(read)])

  test('removes an entity that is still what was read', async () => {
    await redis.set(key('e'), 'onetwo')
    expect(await forgetWhat('onetwo')).toBe(true)
    expect(await redis.exists(key('e'))).toBe(0)
  })

  test('keeps one to which something was appended, one of another content, and makes none', async () => {
    await redis.set(key('e'), 'onetwo')
    expect(await forgetWhat('one')).toBe(false)
    expect(await forgetWhat('onetwx')).toBe(false)
    expect(await redis.get(key('e'))).toBe('onetwo')
    await redis.del(key('e'))
    expect(await forgetWhat('onetwo')).toBe(false)
    expect(await forgetWhat('')).toBe(false)
    expect(await redis.exists(key('e'))).toBe(0)
  })
})
