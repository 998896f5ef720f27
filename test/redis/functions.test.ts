import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  asClaimed,
  begin,
  commit,
  librarySource,
  loadFunctions,
  release,
  versionOf
} from '../../src/redis/functions.ts'
import { canStartRedis, connectRedis, startOwnRedis, uniquePrefix } from '../support/redis.ts'
import { readStored } from './stored.ts'

let redis: Redis
let prefix: string
const key = (name: string) => `${prefix}{p00}:${name}`
beforeEach(async () => {
  redis = await connectRedis()
  await loadFunctions(redis)
  prefix = uniquePrefix('fn')
})
const stored = () => readStored(redis, prefix)

test('a changed Lua file comes with a new version: a loader never replaces a library of the same version', () => {
  const folder = new URL('../../src/redis/lua/', import.meta.url).pathname
  const files = globSync('*.lua', { cwd: folder }).sort()
  const digest = createHash('sha256')
  for (const file of files) digest.update(`${file}\n`).update(readFileSync(`${folder}${file}`))
  const known = JSON.parse(readFileSync(new URL('./library-digest.json', import.meta.url), 'utf8'))
  const now = { version: versionOf(librarySource()), sha256: digest.digest('hex') }
  expect(now, 'raise “-- version N” in src/redis/lua/00-library.lua, then note it in library-digest.json').toEqual(
    known
  )
})

describe.skipIf(!canStartRedis())('loadFunctions', () => {
  const library = (version: number, answer: string) =>
    `#!lua name=assay\n-- version ${version}\nredis.register_function('assay_probe', function() return '${answer}' end)\n`

  test('loads into an empty Redis, replaces an older library and never a newer one', async () => {
    const own = await startOwnRedis()
    onTestFinished(() => own.stop())
    const fresh = await connectRedis({ url: own.url })
    for (const [version, answer, expected] of [
      [2, 'two', 'two'],
      [10, 'ten', 'ten'],
      [9, 'nine', 'ten'],
      [10, 'other ten', 'ten'],
      [11, 'eleven', 'eleven']
    ] as const) {
      await loadFunctions(fresh, library(version, answer))
      expect(await fresh.fcall('assay_probe', 0)).toBe(expected)
    }
  })

  test('survives a kill of Redis: the functions are in the append-only file', async () => {
    const own = await startOwnRedis()
    const dir = own.dir
    const first = await connectRedis({ url: own.url })
    await loadFunctions(first)
    first.disconnect()
    own.kill()
    await own.exited
    const again = await startOwnRedis({ dir })
    onTestFinished(async () => {
      await again.stop()
      await own.stop()
    })
    const second = await connectRedis({ url: again.url })
    expect(JSON.stringify(await second.call('FUNCTION', 'LIST'))).toContain('assay_begin')
  })

  test('refuses a source that does not say its version', async () => {
    await expect(loadFunctions(redis, '#!lua name=assay\n')).rejects.toThrow(/version/)
  })
})

const F = 'f'.repeat(64)
const G = '9'.repeat(64)
const ID = '01a20b04-023e-7000-ba6a-6f2877a5bfec'
const ID_2 = '01a20b04-023e-7000-ba6a-6f2877a5bfed'
interface Try {
  readonly application?: string
  readonly fingerprint?: string
  readonly id?: string
  readonly idempotency?: string
  readonly entities?: readonly string[]
  readonly outbox?: string
}
const { application: APPLICATION, entities: ENTITIES } = { application: 'application', entities: ['e1', 'e2'] }

const RECORD = Buffer.from('RECORD')

/** The decisions of one turn. */
const beginAll = (tries: readonly Try[], maxBytes = 999) =>
  begin(
    redis,
    tries.map(({ application = APPLICATION, idempotency, entities = ENTITIES, fingerprint = F, id = ID }) => ({
      application: key(application),
      idempotency: idempotency && key(idempotency),
      log: key('log'),
      due: key('due'),
      entities: entities.map(key),
      exposure: key('exposure'),
      standing: key('standing'),
      change: '',
      fingerprint,
      decisionId: id,
      atMs: 1,
      event: '{"e":1}',
      record: RECORD
    })),
    { leaseMs: 5000, dueBytes: 999, maxBytes }
  )
const commitAll = (tries: readonly Try[]) =>
  commit(
    redis,
    tries.map(({ application = APPLICATION, idempotency, fingerprint = F, id = ID, outbox = '{"o":1}' }) => ({
      application: key(application),
      idempotency: idempotency && key(idempotency),
      decision: key(`decision:${id}`),
      ledger: key('ledger'),
      outbox: key('outbox'),
      fingerprint,
      decisionId: id,
      value: Buffer.from(`answer of ${id}`),
      digest: 'digest',
      effect: outbox,
      exposure: key('exposure'),
      hold: undefined
    })),
    60_000
  )
const beginWith = async (of: Try = {}, maxBytes = 999) => (await beginAll([of], maxBytes))[0]
const commitWith = async (of: Try = {}) => (await commitAll([of]))[0]?.kind

describe('assay_begin', () => {
  test('claims for the lease, counts the application in each entity and gives them with it', async () => {
    const bytes = Buffer.from([20, 255, 128, 10, 13, 0])
    await redis.set(key('e1'), bytes)
    expect(await beginWith()).toEqual({
      kind: 'claimed',
      values: [Buffer.concat([bytes, RECORD]), RECORD],
      exposure: null,
      standing: null
    })
    expect(await redis.getBuffer(key('e1'))).toEqual(Buffer.concat([bytes, RECORD]))
    expect(await redis.get(key('e2'))).toBe('RECORD')
    expect(await redis.pttl(key('application'))).toBeGreaterThan(4000)
    expect(await redis.xlen(key('log'))).toBe(1)
  })

  test('says pending, conflict or decided of a known application and writes nothing', async () => {
    await beginWith()
    const claimed = await stored()
    expect(await beginWith({ id: ID_2 })).toEqual({ kind: 'pending' })
    expect(await beginWith({ id: ID_2, fingerprint: G })).toEqual({ kind: 'conflict', decisionId: ID })
    expect(await stored()).toEqual(claimed)
    await commitWith()
    const committed = await stored()
    expect(await beginWith({ id: ID_2 })).toEqual({ kind: 'decided', decisionId: ID })
    expect(await beginWith({ id: ID_2, fingerprint: G })).toEqual({ kind: 'conflict', decisionId: ID })
    expect(await stored()).toEqual(committed)
  })

  test('says keyConflict of an idempotency key that stands for another content, before anything else', async () => {
    expect(await beginWith({ idempotency: 'key' })).toMatchObject({ kind: 'claimed' })
    const claimed = await stored()
    const other = { application: 'other', idempotency: 'key', id: ID_2, fingerprint: G }
    expect(await beginWith(other)).toEqual({ kind: 'keyConflict' })
    expect(await stored()).toEqual(claimed)
  })

  test('refuses an entity above the limit and writes nothing, not even the claim', async () => {
    await redis.set(key('e2'), 'x'.repeat(20))
    const before = await stored()
    expect(await beginWith({}, 19)).toEqual({ kind: 'backlog' })
    expect(await stored()).toEqual(before)
    expect(await beginWith({}, 20)).toMatchObject({ kind: 'claimed' })
  })
})

describe('an entity as of its claim, when another connection slipped in before it was read', () => {
  const before = Buffer.from('earlier')
  const claimed = Buffer.concat([before, RECORD])

  test('is cut where the claim ends when something was appended', () => {
    expect(asClaimed(Buffer.concat([claimed, Buffer.from('later')]), claimed.length, RECORD)).toEqual(claimed)
    expect(asClaimed(claimed, claimed.length, RECORD)).toEqual(claimed)
  })

  test('is what is there when it was folded, whatever the length, and the record alone when it was erased', () => {
    const [shorter, longer] = [Buffer.from('fold'), Buffer.from('a fold that is longer than what it folds')]
    expect(asClaimed(shorter, claimed.length, RECORD)).toEqual(shorter)
    expect(asClaimed(longer, claimed.length, RECORD)).toEqual(longer)
    expect(asClaimed(null, claimed.length, RECORD)).toEqual(RECORD)
  })
})

describe('assay_commit', () => {
  test('writes decision, outcome, ledger entry and outbox entry together', async () => {
    await beginWith()
    expect(await commitWith()).toBe('committed')
    expect(await redis.get(key(`decision:${ID}`))).toBe(`answer of ${ID}`)
    expect((await redis.xrange(key('ledger'), '-', '+')).map(([, fields]) => fields)).toEqual([
      ['i', ID, 'h', 'digest']
    ])
    expect((await redis.xrange(key('outbox'), '-', '+')).map(([, fields]) => fields)).toEqual([['o', '{"o":1}']])
    expect(await redis.pttl(key('application')), 'as long as the decision').toBeGreaterThan(50_000)
  })

  test('sets nothing off when there is nothing to set off', async () => {
    await beginWith()
    expect(await commitWith({ outbox: '' })).toBe('committed')
    expect(await redis.exists(key('outbox'))).toBe(0)
  })

  test('a repeat of the same commit is a success and writes nothing more', async () => {
    await beginWith({ idempotency: 'key' })
    await commitWith({ idempotency: 'key' })
    const before = await stored()
    expect(await commitWith({ idempotency: 'key' })).toBe('committed')
    expect(await stored()).toEqual(before)
    expect(await redis.pttl(key('key')), 'the key lives as long').toBeGreaterThan(50_000)
  })

  test('without a claim, after its lease, or with another’s claim it is refused and writes nothing', async () => {
    expect(await commitWith()).toBe('lost')
    expect((await stored()).size).toBe(0)
    await beginWith({ id: ID })
    await redis.del(key('application'))
    await beginWith({ id: ID_2 })
    const before = await stored()
    expect(await commitWith({ id: ID })).toBe('lost')
    expect(await commitWith({ id: ID_2, fingerprint: G })).toBe('lost')
    expect(await stored()).toEqual(before)
    expect(await commitWith({ id: ID_2 })).toBe('committed')
    expect(await commitWith({ id: ID }), 'after the other decided').toBe('lost')
  })
})

describe('the decisions of one turn', () => {
  test('are begun in order: each sees the ones before it in the entity that they share, and none behind it', async () => {
    const replies = await beginAll([
      { application: 'a', entities: ['own', 'shared'] },
      { application: 'a', id: ID_2 },
      { application: 'b', id: ID_2, entities: ['shared'] }
    ])
    expect(replies).toEqual([
      { kind: 'claimed', values: [RECORD, RECORD], exposure: null, standing: null },
      { kind: 'pending' },
      { kind: 'claimed', values: [Buffer.from('RECORDRECORD')], exposure: null, standing: null }
    ])
    expect(await redis.xlen(key('log'))).toBe(2)
  })

  test('do not hold one another up: a refused one writes nothing, its neighbours everything', async () => {
    await redis.set(key('crowded'), 'x'.repeat(50))
    const replies = await beginAll(
      [
        { application: 'a', entities: ['e1'] },
        { application: 'b', entities: ['e1', 'crowded'] },
        { application: 'c', entities: ['e1'], id: ID_2 }
      ],
      49
    )
    expect(replies.map((reply) => reply.kind)).toEqual(['claimed', 'backlog', 'claimed'])
    const done = await commitAll([{ application: 'a' }, { application: 'b' }, { application: 'c', id: ID_2 }])
    expect(done.map(({ kind }) => kind)).toEqual(['committed', 'lost', 'committed'])
    const ledger = (await redis.xrange(key('ledger'), '-', '+')).map(([, fields]) => fields[1])
    expect(ledger).toEqual([ID, ID_2])
    expect(await redis.exists(key('b'))).toBe(0)
    expect(await redis.xlen(key('outbox'))).toBe(2)
  })
})

describe('assay_release', () => {
  test('gives up one’s own claim only, and never a decision', async () => {
    await beginWith()
    expect(await release(redis, key('application'), F, ID_2)).toBe(false)
    expect(await release(redis, key('application'), G, ID)).toBe(false)
    expect(await release(redis, key('application'), F, ID)).toBe(true)
    expect(await release(redis, key('application'), F, ID)).toBe(false)
    expect(await beginWith({ id: ID_2 })).toMatchObject({ kind: 'claimed' })
    await commitWith({ id: ID_2 })
    expect(await release(redis, key('application'), F, ID_2)).toBe(false)
  })
})
