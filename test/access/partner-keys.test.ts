import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createPartnerKeys, type PartnerKeys } from '../../src/access/partner-keys.ts'
import { createRedis, whenReady } from '../../src/redis/client.ts'
import { createKeys, type Keys } from '../../src/redis/keys.ts'
import { readStored } from '../redis/stored.ts'
import { sharedRedisUrl, uniquePrefix } from '../support/redis.ts'

const SCOPES = ['decisions', 'events'] as const
const redisOf = () =>
  createRedis({ url: sharedRedisUrl(), name: 'assay-test', role: 'request', commandTimeoutMs: 2000, onError: () => {} })

let redis: ReturnType<typeof redisOf>
let keys: Keys
let partnerKeys: PartnerKeys
beforeEach(async () => {
  redis = redisOf()
  await whenReady(redis, 5000)
  keys = createKeys(uniquePrefix('keys'))
  partnerKeys = createPartnerKeys(redis, keys)
})
afterEach(() => {
  vi.restoreAllMocks()
  redis.disconnect()
})

describe('partner keys', () => {
  test('a key is long and random, and opens what it was made for', async () => {
    const made = await Promise.all(Array.from({ length: 50 }, () => partnerKeys.create('alpha', SCOPES, 1)))
    expect(new Set(made.map(({ key }) => key)).size).toBe(50)
    const [{ key, keyId }] = made as [(typeof made)[0]]
    expect(key.slice(key.lastIndexOf(keyId) + keyId.length + 1).length, '256 bits').toBeGreaterThanOrEqual(43)
    expect(await partnerKeys.verify(key)).toEqual({ keyId, tenant: 'alpha', scopes: [...SCOPES] })
  })

  test('only the digest of the secret is stored', async () => {
    const { key, keyId } = await partnerKeys.create('alpha', SCOPES, 1)
    const secret = key.slice(key.indexOf(keyId) + keyId.length + 1)
    const stored = JSON.stringify([...(await readStored(redis, keys.prefix))])
    expect(stored).toContain(keyId)
    expect(stored).toContain(createHash('sha256').update(secret).digest('hex'))
    expect(stored).not.toContain(secret)
    expect(stored).not.toContain(Buffer.from(secret).toString('base64'))
  })

  test('a wrong secret of a known id is refused wherever it differs', async () => {
    const { key } = await partnerKeys.create('alpha', SCOPES, 1)
    const start = key.lastIndexOf('_') < 0 ? 0 : key.length - 43
    for (let at = start; at < key.length; at++) {
      const wrong = key.slice(0, at) + (key[at] === 'A' ? 'B' : 'A') + key.slice(at + 1)
      expect(await partnerKeys.verify(wrong), `position ${at}`).toBe('refused')
      expect(partnerKeys.verifyCached(wrong), `position ${at}`).toBe('refused')
    }
  })

  test('what is not a key is refused without asking Redis', async () => {
    redis.disconnect()
    for (const garbage of [
      '',
      'x',
      'ak__',
      'ak_0_0',
      '__proto__',
      'ak_zzzzzzzzzzzz_'.padEnd(60, 'A'),
      'x'.repeat(100_000)
    ]) {
      expect(partnerKeys.verifyCached(garbage)).toBe('refused')
      expect(await partnerKeys.verify(garbage)).toBe('refused')
    }
  })

  test('while Redis is away an unseen key is a fault to retry, neither let in nor refused', async () => {
    const { key } = await partnerKeys.create('alpha', SCOPES, 1)
    redis.disconnect()
    await expect(partnerKeys.verify(key)).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  test('two keys of one tenant work side by side: one can be replaced without a refused request', async () => {
    const [old, fresh] = [await partnerKeys.create('alpha', SCOPES, 1), await partnerKeys.create('alpha', SCOPES, 2)]
    expect(await partnerKeys.verify(old.key)).toMatchObject({ tenant: 'alpha' })
    await partnerKeys.revoke(old.keyId, 3)
    expect(await partnerKeys.verify(fresh.key)).toMatchObject({ tenant: 'alpha', keyId: fresh.keyId })
    expect(await partnerKeys.verify(old.key)).toBe('refused')
  })

  test('a key that was revoked elsewhere is refused within five seconds although it was in use', async () => {
    // The cache keeps time by performance.now, and looks at it once a millisecond of real time.
    let elapsedMs = 0
    const realNow = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => realNow() + elapsedMs)
    const { key, keyId } = await partnerKeys.create('alpha', SCOPES, 1)
    const gateway = createPartnerKeys(redis, keys)
    expect(await gateway.verify(key)).toMatchObject({ keyId })
    await partnerKeys.revoke(keyId, 2)
    for (elapsedMs = 500; elapsedMs < 5000; elapsedMs += 500) {
      await redis.ping()
      // In use all the time: use must not prolong it.
      gateway.verifyCached(key)
    }
    elapsedMs = 5010
    await vi.waitFor(() => expect(gateway.verifyCached(key)).not.toMatchObject({ keyId }), { interval: 1 })
    const judged = gateway.verifyCached(key) ?? (await gateway.verify(key))
    expect(judged).toBe('refused')
    expect(await createPartnerKeys(redis, keys).verify(key), 'a gateway that never saw it').toBe('refused')
  })

  test('a key that was made just now works, although it was tried a moment before it existed', async () => {
    const { key } = await partnerKeys.create('alpha', SCOPES, 1)
    expect(await createPartnerKeys(redis, createKeys(uniquePrefix('other'))).verify(key)).toBe('refused')
    expect(await partnerKeys.verify(key)).toMatchObject({ tenant: 'alpha' })
  })

  test('revoking what is not there says so, and revoking twice keeps the first time', async () => {
    expect(await partnerKeys.revoke('000000000000', 5)).toBe(false)
    const { keyId } = await partnerKeys.create('alpha', SCOPES, 1)
    expect([await partnerKeys.revoke(keyId, 5), await partnerKeys.revoke(keyId, 9)]).toEqual([true, true])
    expect(await partnerKeys.list()).toEqual([
      { keyId, tenant: 'alpha', scopes: [...SCOPES], createdAtMs: 1, revokedAtMs: 5 }
    ])
  })

  test('a stored key that is broken lets nobody in', async () => {
    const { key, keyId } = await partnerKeys.create('alpha', SCOPES, 1)
    for (const broken of ['{', '{}', '{"tenant":"alpha"}', 'null']) {
      await redis.hset(keys.partnerKeys(), keyId, broken)
      const outcome = await createPartnerKeys(redis, keys)
        .verify(key)
        .catch((error: { code: string }) => error.code)
      expect(typeof outcome, `${broken}: ${JSON.stringify(outcome)}`).toBe('string')
    }
  })
})
