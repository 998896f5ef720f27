import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isNewEnough, parseVersion, resolveRedis, resolveRedisServer } from '../../launcher/redis-server.mjs'

let dir: string
let servers: Server[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'assay-resolve-'))
})
afterEach(async () => {
  for (const server of servers) server.close()
  servers = []
  await rm(dir, { recursive: true, force: true })
})

/** A program on a PATH of its own that prints `output`, or fails when there is none. */
async function programs(outputs: Record<string, string | null>): Promise<string> {
  const path = join(dir, 'bin')
  await mkdir(path)
  for (const [name, output] of Object.entries(outputs)) {
    await writeFile(join(path, name), `#!/bin/sh\n${output === null ? 'exit 1' : `echo '${output}'`}\n`)
    await chmod(join(path, name), 0o755)
  }
  return path
}

/** A server that gives one fixed answer to whatever it is asked. */
async function fakeRedis(answer: string): Promise<number> {
  const server = createServer((socket) => socket.once('data', () => socket.write(answer)).on('error', () => {}))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`

describe('the version of a Redis', () => {
  test.each([
    ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1', '7.0.15', true],
    ['Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1', '8.1.1', true],
    ['Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64 build=1', '6.0.16', false],
    ['# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n', '7.2.4', true],
    ['# Server\r\nredis_version:10.0.0\r\n', '10.0.0', true],
    ['command not found', null, false]
  ])('is read from %j', (text, version, enough) => {
    expect(parseVersion(text)).toBe(version)
    expect(isNewEnough(version)).toBe(enough)
  })
})

describe('a machine on which no Redis can be had', () => {
  test('is told once what was tried, why each way failed, and the four ways out', async () => {
    const path = await programs({ 'redis-server': 'Redis server v=6.0.16 sha=0' })
    const error = await resolveRedisServer({ env: { PATH: path }, cacheDir: dir }).catch((error: unknown) => error)
    expect(error).toMatchObject({ name: 'Error', exitCode: 1 })
    const lines = String((error as Error).message).split('\n')
    expect(lines).toEqual([
      'Assay needs Redis 7.0 or newer and could not get one. Tried:',
      '  - REDIS_URL: not set',
      `  - redis-server on the PATH: ${path}/redis-server is version 6.0.16, below 7.0`,
      '  - valkey-server on the PATH: not found',
      `  - the Debian or Ubuntu package, unpacked into ${dir}/redis: apt-get is not on the PATH`,
      'Any one of these helps:',
      expect.stringContaining('REDIS_URL=redis://'),
      expect.stringContaining('apt-get install redis-server'),
      expect.stringContaining('brew install redis'),
      expect.stringContaining('docker run -p 6379:6379 redis:7')
    ])
  })

  test('keeps nothing behind when apt-get fails', async () => {
    const path = await programs({ 'apt-get': null, 'dpkg-deb': '' })
    await expect(resolveRedisServer({ env: { PATH: path }, cacheDir: dir })).rejects.toThrow('unpacked into')
    expect((await readdir(dir)).filter((name) => name.startsWith('redis'))).toEqual([])
  })
})

describe('a Redis server', () => {
  test('is taken from the PATH, and valkey-server will do', async () => {
    const path = await programs({ 'valkey-server': 'Valkey server v=8.0.1 sha=0' })
    const server = await resolveRedisServer({ env: { PATH: path }, cacheDir: dir })
    expect(server).toEqual({
      command: `${path}/valkey-server`,
      env: {},
      version: '8.0.1',
      source: `${path}/valkey-server`
    })
  })

  test('is not searched again by a process whose launcher found it', async () => {
    const found = { command: '/opt/redis-server', env: {}, version: '7.4.0', source: 'here' }
    expect(await resolveRedisServer({ env: { ASSAY_REDIS_SERVER: JSON.stringify(found) } })).toEqual(found)
  })
})

describe('REDIS_URL', () => {
  test('is used when that Redis is new enough, after signing in with its password', async () => {
    const port = await fakeRedis(`+OK\r\n${bulk('# Server\r\nredis_version:7.4.1\r\n')}`)
    const url = `redis://app:s%2Fcret@127.0.0.1:${port}/2`
    expect(await resolveRedis({ env: { REDIS_URL: url } })).toEqual({ url, version: '7.4.1' })
  })

  test('is refused with its version when that Redis is too old', async () => {
    const port = await fakeRedis(bulk('# Server\r\nredis_version:6.2.14\r\n'))
    await expect(resolveRedis({ env: { REDIS_URL: `redis://127.0.0.1:${port}` } })).rejects.toThrow(
      `REDIS_URL names redis://127.0.0.1:${port}, which is Redis 6.2.14; Assay needs 7.0 or newer.`
    )
  })

  test('is refused with the reason, and without showing the password, when that Redis does not let us in', async () => {
    const port = await fakeRedis('-WRONGPASS invalid username-password pair\r\n-NOAUTH Authentication required.\r\n')
    const error = await resolveRedis({ env: { REDIS_URL: `redis://:hunter2@127.0.0.1:${port}` } }).catch(String)
    expect(error).toContain(`redis://***@127.0.0.1:${port}, which cannot be used: WRONGPASS`)
    expect(error).not.toContain('hunter2')
  })

  test.each([
    ['127.0.0.1:6379', 'REDIS_URL is not a URL'],
    ['localhost:6379', 'REDIS_URL begins with localhost://; it must be redis://'],
    ['nonsense', 'REDIS_URL is not a URL'],
    ['http://127.0.0.1:6379', 'REDIS_URL begins with http://'],
    ['redis://127.0.0.1:1', 'which cannot be used: connect ECONNREFUSED']
  ])('%s is refused in a sentence', async (url, message) => {
    await expect(resolveRedis({ env: { REDIS_URL: url } })).rejects.toThrow(message)
  })
})
