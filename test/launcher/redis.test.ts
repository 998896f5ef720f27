import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { isAlive } from '../../launcher/lock.mjs'
import { askRedis } from '../../launcher/redis-wire.mjs'
import { canStartRedis, sharedRedisUrl, startOwnRedis } from '../support/redis.ts'

async function until(condition: () => boolean, deadlineMs = 8000): Promise<void> {
  for (const giveUpAt = Date.now() + deadlineMs; Date.now() < giveUpAt && !condition(); ) await sleep(20)
  expect(condition()).toBe(true)
}

async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'assay-redis-test-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

test('the run has one Redis for all of its tests', async () => {
  expect(await askRedis(sharedRedisUrl(), [['PING']])).toEqual(['PONG'])
})

describe.skipIf(!canStartRedis())('a private Redis', () => {
  test('keeps an append-only log, never evicts, listens on loopback only, and is gone after stop()', async () => {
    const redis = await startOwnRedis()
    const settings = ['appendonly', 'appendfsync', 'maxmemory-policy', 'save', 'bind', 'dir']
    const replies = await askRedis(
      redis.url,
      settings.map((name) => ['CONFIG', 'GET', name])
    )
    expect(Object.fromEntries(replies)).toEqual({
      appendonly: 'yes',
      appendfsync: 'always',
      'maxmemory-policy': 'noeviction',
      save: '',
      bind: '127.0.0.1',
      dir: redis.dir
    })
    await redis.stop()
    expect(isAlive(redis.pid)).toBe(false)
    await redis.stop()
  })

  test('comes back on the same port with what it was told, also after a kill', async () => {
    const dir = await tempDir()
    const first = await startOwnRedis({ dir })
    await askRedis(first.url, [['SET', 'loan', '42']])
    first.kill()
    await first.exited
    const second = await startOwnRedis({ dir, port: first.port })
    expect(second.url).toBe(first.url)
    expect(await askRedis(second.url, [['GET', 'loan']])).toEqual(['42'])
    await second.stop()
  })

  test('says why it cannot start, in the words of its own log', async () => {
    await expect(startOwnRedis({ extraArgs: ['--no-such-setting', '1'] })).rejects.toThrow(/no-such-setting/)
  })

  test('does not outlive a launcher that is killed with -9', async () => {
    const dir = await tempDir()
    const script = `
      import { startPrivateRedis } from ${JSON.stringify(new URL('../../launcher/redis.mjs', import.meta.url).href)}
      const redis = await startPrivateRedis({ dir: ${JSON.stringify(dir)} })
      console.log(redis.pid)
      setInterval(() => {}, 1000)`
    const env = { ...process.env, ASSAY_REDIS_SERVER: JSON.stringify(inject('redisServer')) }
    const launcher = spawn(process.execPath, ['--input-type=module', '-e', script], { env })
    const pid = await new Promise<number>((resolve) => launcher.stdout.once('data', (text) => resolve(Number(text))))
    expect(isAlive(pid)).toBe(true)
    launcher.kill('SIGKILL')
    await until(() => !isAlive(pid))
  })
})
