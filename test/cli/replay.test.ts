import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { archiveCommand } from '../../src/cli/archive.ts'
import { importCommand } from '../../src/cli/import.ts'
import { replayCommand } from '../../src/cli/replay.ts'
import { createPositionStore } from '../../src/cli/replay-position.ts'
import type { EventInput } from '../../src/domain/event.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { createTokenise } from '../../src/edge/tokens.ts'
import { NOW_MS } from '../features/behaviour.ts'
import { type LiveBehaviour, liveBehaviour, login, sampleEvents } from '../features/live-behaviour.ts'
import { MADE_UP, readLines, runCommand, runOnRedis, workFolder } from './run-command.ts'

const TOKEN_KEY = 'c1'.repeat(32)
const envOf = ({ url, prefix }: LiveBehaviour) => ({ REDIS_URL: url, REDIS_PREFIX: prefix, TOKEN_KEY })
const replay = (live: LiveBehaviour, ...args: string[]) =>
  runOnRedis(replayCommand, envOf(live), '--rate', '0', ...args)
const archive = (live: LiveBehaviour, ...args: string[]) =>
  runOnRedis(archiveCommand, envOf(live), '--rate', '0', ...args)

async function filled() {
  const live = await liveBehaviour()
  await live.append(...sampleEvents(1))
  await live.compactSome()
  return { live, before: await live.profiles(), events: sampleEvents(1) }
}

const removeAll = async (live: LiveBehaviour) => void (await live.redis.del(...(await live.names())))
const removeLog = async (live: LiveBehaviour) => {
  for (let partition = 0; partition < 64; partition++) await live.redis.del(live.keys.log(partition))
}

describe('assay replay', () => {
  test('rebuilds from the log, sums up on one line and leaves nothing behind', async () => {
    const { live, before, events } = await filled()
    await removeAll(live)
    const { summary, exitCode } = await replay(live, '--from', 'log')
    expect(await live.profiles()).toEqual(before)
    const entities = Object.keys(before).length
    expect(summary).toMatchObject({
      entities,
      created: entities,
      unchanged: 0,
      overtaken: 0,
      unreadable: 0,
      malformed: 0
    })
    expect(summary.eventsRead).toBe(events.length)
    expect(exitCode).toBe(0)
    expect(await live.redis.exists(live.keys.replay())).toBe(0)
  })

  test('--check says how many differ, by its exit code too, and writes nothing', async () => {
    const { live, before } = await filled()
    expect(await replay(live, '--from', 'log', '--check')).toMatchObject({ summary: { differ: 0 }, exitCode: 0 })
    const [first] = (await live.names()) as [string]
    await live.redis.del(first)
    const { summary, exitCode } = await replay(live, '--from', 'log', '--check')
    expect(summary).toMatchObject({ differ: 1, unchanged: Object.keys(before).length - 1 })
    expect(exitCode).toBe(1)
    expect(await live.redis.exists(first)).toBe(0)
  })

  test('resumes what was killed, refuses to go on with another call, and says when there is nothing', async () => {
    const { live, before } = await filled()
    await removeAll(live)
    const outcomes = { rebuilt: 0, created: 7, repaired: 0, unchanged: 0, overtaken: 0, unreadable: 0 }
    const position = { from: 2 ** 31, width: 2 ** 30, events: 9, malformed: 0, outcomes }
    await createPositionStore(live.redis, live.keys, '--from log').save(position)
    await expect(replay(live, '--from', 'log', '--whole', '--resume')).rejects.toThrow('was another one: --from log')
    await expect(replay(live, '--from', 'log', '--check', '--resume')).rejects.toThrow('keeps no position')
    const { summary } = await replay(live, '--from', 'log', '--resume')
    const done = Object.keys(await live.profiles()).length
    expect(done).toBeGreaterThan(0)
    expect(done, 'the first half was done before').toBeLessThan(Object.keys(before).length)
    expect(summary).toMatchObject({ created: done + 7 })
    const again = await replay(live, '--from', 'log', '--resume')
    expect(again.output).toContain('nothing to resume')
    expect(await live.profiles()).toEqual(before)
  })

  test('a check leaves the position of a replay alone', async () => {
    const { live } = await filled()
    const outcomes = { rebuilt: 0, created: 7, repaired: 0, unchanged: 0, overtaken: 0, unreadable: 0 }
    const position = { from: 2 ** 31, width: 2 ** 30, events: 9, malformed: 0, outcomes }
    await createPositionStore(live.redis, live.keys, '--from log').save(position)
    const before = await live.redis.get(live.keys.replay())
    expect(before).not.toBeNull()
    await replay(live, '--from', 'log', '--check')
    expect(await live.redis.get(live.keys.replay())).toBe(before)
  })

  test('killed as a process, goes on with the next call', async () => {
    const { live, before, events } = await filled()
    await removeAll(live)
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
    // A pass takes half a second, so that the kill comes long before the last of eight.
    const args = ['replay', '--from', 'log', '--buckets', '8', '--rate', String(events.length * 2)]
    const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...envOf(live) }, stdio: 'ignore' })
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    const from = async () => Number(JSON.parse((await live.redis.get(live.keys.replay())) ?? '{"from":0}').from)
    while ((await from()) === 0 && child.exitCode === null) await setImmediate()
    child.kill('SIGKILL')
    expect(await ended).toEqual([null, 'SIGKILL'])
    const done = Object.keys(await live.profiles()).length
    expect(done).toBeLessThan(Object.keys(before).length)
    const { summary } = await replay(live, '--from', 'log', '--resume')
    expect(await live.profiles()).toEqual(before)
    expect(summary).toMatchObject({ entities: Object.keys(before).length })
  })

  test('--whole is refused without the log, and when the log alone is named and was trimmed', async () => {
    const { live } = await filled()
    await expect(replay(live, '--from', 'x.ndjson', '--whole')).rejects.toThrow('needs --from log')
    expect((await replay(live, '--from', 'log', '--whole')).exitCode).toBe(0)
    for (let partition = 0; partition < 64; partition++) await live.redis.xtrim(live.keys.log(partition), 'MAXLEN', 2)
    await expect(replay(live, '--from', 'log', '--whole')).rejects.toThrow('was trimmed')
  })

  test.each([
    [[], '--from is required'],
    [['--from', 'log', '--partition', '64'], '--partition takes a whole number from 0 to 63'],
    [['--from', 'log', '--rate', 'fast'], '--rate takes'],
    [['--from', 'no-such.ndjson'], 'there is no such file']
  ])('refuses %j', async (args, problem) => {
    const live = await liveBehaviour()
    await expect(runOnRedis(replayCommand, envOf(live), ...args)).rejects.toThrow(problem)
  })
})

describe('events of partners', () => {
  test('become the entities that the gateway would make of them, under the key of the gateway', async () => {
    const live = await liveBehaviour()
    const folder = await workFolder()
    await runCommand(importCommand, 'superlender', MADE_UP, '--out', folder)
    const file = join(folder, 'events.ndjson')
    const inputs = await readLines<EventInput>(file)
    await appendFile(
      file,
      `${JSON.stringify({ ...inputs[0], eventId: 'more', phone: '+234 802', deviceId: 'd' })}\n`.replace(
        '802',
        '802 555 1234'
      )
    )
    await expect(replay(live, '--from', file)).rejects.toThrow('--tenant is required')
    await expect(
      runOnRedis(replayCommand, { ...envOf(live), TOKEN_KEY: '' }, '--from', file, '--tenant', 'demo')
    ).rejects.toThrow('the key of the gateway')
    await replay(live, '--from', file, '--tenant', 'demo')

    const gateway = await liveBehaviour()
    const edge = createEdge(createTokenise(TOKEN_KEY))
    for (const input of await readLines<EventInput>(file)) {
      const event = edge.toEvent('demo', input, '', NOW_MS)
      if ('eventId' in event) await gateway.append(event)
    }
    const byToken = async (of: LiveBehaviour) =>
      Object.entries(await of.profiles()).map(([name, profile]) => [name.slice(of.prefix.length), profile])
    expect(await byToken(live)).toEqual(await byToken(gateway))
    expect((await byToken(live)).length).toBeGreaterThan(5)
  })

  test.each([
    ['not JSON', 'it is not JSON'],
    ['{"eventId":"e","refs":{}}', 'it is no event as the log has them'],
    ['{"eventId":"e","type":"loan.closed","applicantId":"a","data":{}}', '/occurredAtMs is missing']
  ])('the line %j is refused and named', async (line, problem) => {
    const live = await liveBehaviour()
    const file = join(await workFolder(), 'bad.ndjson')
    await writeFile(file, `\n${line}\n`)
    const failure = replay(live, '--from', file, '--tenant', 'demo')
    await expect(failure).rejects.toThrow(`${file}, line 2: ${problem}`)
    expect(await live.names()).toEqual([])
  })
})

describe('assay archive', () => {
  test('writes the log so that a replay gives the same profiles, packed or not, and what came since from the log', async () => {
    const { live, before, events } = await filled()
    const file = join(await workFolder(), 'archive.ndjson')
    const { summary } = await archive(live, '--out', file)
    const bytes = await readFile(file)
    expect(summary).toMatchObject({ events: events.length, bytes: bytes.length, skipped: 0, resumed: false })
    expect(summary.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    await removeAll(live)
    await removeLog(live)
    await replay(live, '--from', file)
    expect(await live.profiles()).toEqual(before)

    await writeFile(`${file}.gz`, gzipSync(bytes))
    await removeAll(live)
    await live.append(login('since', 'person-1', NOW_MS + 1))
    const expected = { ...before, ...(await live.profiles()) }
    await removeAll(live)
    await replay(live, '--from', `${file}.gz`, '--from', 'log')
    const after = await live.profiles()
    expect(Object.keys(after)).toEqual(Object.keys(expected))
    const changed = Object.keys(after).filter((name) => after[name] !== before[name])
    expect(changed).toEqual([live.keys.entity('applicant', 'person-1')])
  })

  test('keeps the order of each partition', async () => {
    const { live } = await filled()
    const file = join(await workFolder(), 'archive.ndjson')
    await archive(live, '--out', file)
    const logged: string[] = []
    for (let partition = 0; partition < 64; partition++)
      for (const [, fields] of await live.redis.xrange(live.keys.log(partition), '-', '+'))
        logged.push(fields[1] as string)
    expect((await readFile(file, 'utf8')).trimEnd().split('\n')).toEqual(logged)
  })

  test('goes on where a killed one stopped, up to the time it began with', async () => {
    const { live } = await filled()
    const folder = await workFolder()
    const [whole, file] = [join(folder, 'whole.ndjson'), join(folder, 'archive.ndjson')]
    const { summary } = await archive(live, '--out', whole)
    const text = await readFile(whole, 'utf8')
    const lines = text.split('\n')
    // What a kill leaves: a state that is certain, and a part that is longer than it says.
    const partition = await firstPartition(live)
    const [[id]] = (await live.redis.xrange(live.keys.log(partition), '-', '+', 'COUNT', 1)) as [[string, string[]]]
    const bytes = Buffer.byteLength(`${lines[0]}\n`)
    const untilMs = Date.parse(String(summary.until))
    await writeFile(`${file}.part`, text.slice(0, bytes + 40))
    await writeFile(`${file}.state`, JSON.stringify({ untilMs, partition, after: id, events: 1, bytes }))
    await live.append(login('too late', 'person-1', NOW_MS))
    const resumed = await archive(live, '--out', file)
    expect(resumed.summary).toMatchObject({ resumed: true, sha256: summary.sha256, events: summary.events })
    expect(await readFile(file, 'utf8')).toBe(text)
    expect((await readdir(folder)).sort()).toEqual(['archive.ndjson', 'whole.ndjson'])
  })

  test('takes what reached the log before an instant, and never writes over a file', async () => {
    const { live } = await filled()
    const file = join(await workFolder(), 'archive.ndjson')
    const { summary } = await archive(live, '--out', file, '--until', '2020-01-01T00:00:00Z')
    expect(summary).toMatchObject({ events: 0, bytes: 0, until: '2020-01-01T00:00:00.000Z' })
    await expect(archive(live, '--out', file)).rejects.toThrow('is there already')
    await expect(archive(live, '--out', `${file}2`, '--until', 'yesterday')).rejects.toThrow('--until takes an instant')
  })
})

async function firstPartition(live: LiveBehaviour): Promise<number> {
  for (let partition = 0; partition < 64; partition++)
    if ((await live.redis.xlen(live.keys.log(partition))) > 1) return partition
  throw new Error('no partition has events')
}
