import { describe, expect, test } from 'vitest'
import { createEndpoints, MAX_ENDPOINTS } from '../../src/webhooks/redis-endpoints.ts'
import { createSeal } from '../../src/webhooks/seal.ts'
import { readStored } from '../redis/stored.ts'
import { telling } from './telling.ts'

describe('webhook endpoints', () => {
  test('no secret is in Redis as it was shown, and only the key of the service opens it', async () => {
    const { redis, keys, endpoints, addEndpoint } = await telling()
    const { secret, keyId } = await addEndpoint('https://partner.example/')
    expect(secret).toMatch(/^whs_[A-Za-z0-9_-]{43}$/)
    const stored = JSON.stringify([...(await readStored(redis, keys.prefix))])
    expect(stored).toContain(keyId)
    expect(stored).not.toContain(secret)
    expect(stored).not.toContain(Buffer.from(secret).toString('base64url'))
    const [endpoint] = (await endpoints.ofTenant('alpha')) as [Awaited<ReturnType<typeof endpoints.ofTenant>>[0]]
    expect(JSON.stringify(endpoint)).not.toContain(secret)
    expect(await endpoints.signingKeys(endpoint, 0)).toEqual([{ keyId, secret }])
    const others = createEndpoints(redis, keys, createSeal('f'.repeat(64)))
    await expect(others.signingKeys(endpoint, 0)).rejects.toMatchObject({ code: 'internal_error' })
  })

  test('a partner has no more than its bound', async () => {
    const { endpoints, addEndpoint } = await telling()
    for (let n = 0; n < MAX_ENDPOINTS; n++) await addEndpoint(`https://partner.example/${n}`)
    const more = { url: 'https://partner.example/more', types: ['loan.alert' as const] }
    expect(await endpoints.add('alpha', more, 0)).toBe('too_many')
    expect(await endpoints.add('beta', more, 0)).toMatchObject({ id: expect.stringMatching(/^we_/) })
    expect(await endpoints.all()).toHaveLength(MAX_ENDPOINTS + 1)
  })
})

describe('a seal', () => {
  const seal = createSeal('0'.repeat(64))

  test('opens what it closed, each time another text', () => {
    const [one, two] = [seal.close('secret', 'alpha|we|wk'), seal.close('secret', 'alpha|we|wk')]
    expect(one).not.toBe(two)
    expect(seal.open(one, 'alpha|we|wk')).toBe('secret')
  })

  test('refuses another context, another key and every changed byte', () => {
    const sealed = seal.close('secret', 'alpha|we|wk')
    expect(() => seal.open(sealed, 'beta|we|wk')).toThrow('another TOKEN_KEY')
    expect(() => createSeal('1'.repeat(64)).open(sealed, 'alpha|we|wk')).toThrow('another TOKEN_KEY')
    const bytes = Buffer.from(sealed.slice(3), 'base64url')
    for (const index of bytes.keys()) {
      const changed = Buffer.from(bytes)
      changed[index] = (changed[index] as number) ^ 1
      expect(() => seal.open(`v1.${changed.toString('base64url')}`, 'alpha|we|wk')).toThrow()
    }
    for (const broken of ['', 'v1.', 'v1.AAAA', sealed.slice(3)]) expect(() => seal.open(broken, '')).toThrow()
  })
})
