import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { isAlive } from '../../launcher/lock.mjs'
import { runningStack } from '../../launcher/runtime-file.mjs'
import { canStartRedis } from '../support/redis.ts'

const SCRIPT = fileURLToPath(new URL('./fixtures/start.mjs', import.meta.url))

interface Launcher {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  readonly output: () => string
  readonly untilOutput: (text: string) => Promise<void>
}

let dir: string
let launchers: Launcher[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'assay-start-'))
})
afterEach(async () => {
  for (const { child, exited } of launchers) {
    child.kill('SIGTERM')
    await exited
  }
  launchers = []
  await rm(dir, { recursive: true, force: true })
})

function launch(env: NodeJS.ProcessEnv = {}): Launcher {
  const settings = {
    ASSAY_DATA_DIR: join(dir, 'data'),
    ASSAY_REDIS_SERVER: JSON.stringify(inject('redisServer')),
    STAND_IN_NOTES: join(dir, 'notes')
  }
  const child = spawn(process.execPath, [SCRIPT], { env: { ...process.env, ...settings, ...env } })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk))
  const exited = once(child, 'close').then(([code]) => code as number | null)
  const untilOutput = (wanted: string) => expect.poll(() => text, { timeout: 10_000, interval: 20 }).toContain(wanted)
  const launcher = { child, exited, output: () => text, untilOutput }
  launchers.push(launcher)
  return launcher
}

const stack = () => runningStack(join(dir, 'data'))
const pids = (): number[] => Object.values(stack()?.pids ?? {})
const notes = async (): Promise<string[]> => (await readFile(join(dir, 'notes'), 'utf8')).trim().split('\n')

async function untilGone(these: readonly number[]): Promise<void> {
  for (const giveUpAt = Date.now() + 9000; these.some(isAlive) && Date.now() < giveUpAt; ) await sleep(20)
  expect(these.filter(isAlive)).toEqual([])
}

describe.skipIf(!canStartRedis())('npm start', () => {
  test('brings everything up, prints a curl that a shell takes as it is, and at Ctrl-C ends it in order', async () => {
    const launcher = launch()
    await launcher.untilOutput('Ctrl-C stops everything')
    const started = pids()
    expect(started).toHaveLength(4)
    const curl = launcher.output().match(/^curl (?:.*\\\n)*.*/m)?.[0] ?? ''
    const args = execFileSync('sh', ['-c', curl.replace('curl', "printf '%s\\n'")], { encoding: 'utf8' }).split('\n')
    expect(args).toContain(`${stack()?.apiUrl}/v1/decisions`)
    expect(args).toContain('Authorization: Bearer ak_stand_in')
    const body = JSON.parse(args.find((arg) => arg.startsWith('{')) ?? '')
    expect(body).toMatchObject({ purpose: "it's for rent", amountMinor: 50000 })
    expect(body.applicationId).toMatch(/^demo-\d{8}-[0-9a-f]{8}$/)

    const [gateway, ...workers] = Object.values(stack()?.opsUrls ?? {}).map((url) => new URL(String(url)).port)
    launcher.child.kill('SIGINT')
    expect(await launcher.exited).toBe(0)
    expect(started.filter(isAlive)).toEqual([])
    expect(stack()).toBeNull()
    const [made, first, ...rest] = await notes()
    expect(made).toBe('cli keys create --tenant demo --json')
    expect(first).toBe(`${gateway} SIGTERM`)
    expect(rest.sort()).toEqual(workers.map((port) => `${port} SIGTERM`).sort())

    const again = launch()
    await again.untilOutput('Bearer ak_stand_in')
    expect((await notes()).at(-1)).toBe('cli keys check ak_stand_in')
  })

  test('refuses to run twice on the same data', async () => {
    await launch().untilOutput('Ctrl-C stops everything')
    const second = launch()
    expect(await second.exited).toBe(1)
    expect(second.output()).toMatch(/^Assay is running already at http:\/\/127\.0\.0\.1:\d+ \(process \d+\)\./)
  })

  test('starts a process again that was killed, and its Redis on the same address', async () => {
    const launcher = launch()
    await launcher.untilOutput('Ctrl-C stops everything')
    const { pids: before, redisUrl } = stack() ?? { pids: {} }
    process.kill(before.ingest, 'SIGKILL')
    process.kill(before.redis, 'SIGKILL')
    await launcher.untilOutput('ingest runs again')
    await launcher.untilOutput('redis runs again')
    expect(stack()?.redisUrl).toBe(redisUrl)
    expect(stack()?.pids.ingest).not.toBe(before.ingest)
  })

  test('says which process could not start and why, and leaves none behind', async () => {
    const launcher = launch({ STAND_IN_BREAKS: 'the model is not the one its manifest names' })
    expect(await launcher.exited).toBe(1)
    expect(launcher.output()).toMatch(/(gateway|ingest|monitor) exited with code 3 before it was ready\./)
    expect(launcher.output()).toContain('cannot start: the model is not the one its manifest names')
    expect(pids()).toEqual([])
  })

  test('leaves nothing behind when it is killed with -9', async () => {
    const launcher = launch()
    await launcher.untilOutput('Ctrl-C stops everything')
    const started = pids()
    launcher.child.kill('SIGKILL')
    await untilGone(started)
    expect((await notes()).filter((line) => line.endsWith('disconnect'))).toHaveLength(3)
  })
})
