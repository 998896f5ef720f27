import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPrivateRedis } from '../../launcher/redis.mjs'
import type { AssayEvent } from '../../src/domain/event.ts'
import { createEntityStore } from '../../src/features/entity-store.ts'
import { parseLogEvent, serialiseEvent } from '../../src/features/event-json.ts'
import { createLogSource, type EventSource, type LogSource } from '../../src/features/log-source.ts'
import { rebuildProfiles } from '../../src/features/rebuild.ts'
import { packRecord } from '../../src/features/record.ts'
import { replay } from '../../src/features/replay.ts'
import { createRedis, whenReady } from '../../src/redis/client.ts'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys, partitionOfText } from '../../src/redis/keys.ts'
import { createLogStreams } from '../../src/redis/log-entries.ts'
import { createRandom } from '../random.ts'

// Events a second of one core from lines of an archive to folded profiles, and what each stage of that takes; the first
// round warms up and is not counted. Then the same into a Redis of its own, which has the other core.

const EVENTS = Number(process.argv[2] ?? 300_000)
const ROUNDS = 4
const EVENTS_AN_APPLICANT = 8
const START_MS = Date.parse('2026-01-01T00:00:00Z')

const token = (kind: string, number: number) =>
  createHash('sha256').update(`${kind}${number}`).digest('base64url').slice(0, 22)

function eventAt(index: number, random: () => number): AssayEvent {
  const person = Math.floor(random() * (EVENTS / EVENTS_AN_APPLICANT))
  const occurredAtMs = START_MS + index * 1000
  const common = { eventId: `event-${index.toString(36)}`, occurredAtMs, tenant: 'demo' }
  const refs = {
    applicant: token('a', person),
    device: token('d', person % (EVENTS / 10)),
    ip: token('i', person % (EVENTS / 100)),
    phone: token('p', person)
  }
  if (index % 3 === 0) {
    const data = { loanId: `loan-${index}`, instalmentNo: 1, dueAtMs: occurredAtMs - 3_600_000, amountMinor: 1_500_000 }
    return { ...common, type: 'repayment.received', refs: { applicant: refs.applicant }, data }
  }
  const data = { applicationId: `application-${index}`, product: 'cash', amountMinor: 2_000_000, termDays: 30 }
  return { ...common, type: 'application.submitted', refs, data }
}

function* parse(lines: readonly string[]): Generator<AssayEvent> {
  for (const line of lines) {
    const event = parseLogEvent(line)
    if (event !== undefined) yield event
  }
}

function count(items: Iterable<unknown>): number {
  let sum = 0
  for (const _ of items) sum++
  return sum
}

const random = createRandom(7)
const lines = Array.from({ length: EVENTS }, (_, index) => serialiseEvent(eventAt(index, random)))
const events = [...parse(lines)]
const stages: Readonly<Record<string, () => number>> = {
  'JSON.parse alone': () => lines.reduce((sum, line) => (JSON.parse(line) === null ? sum : sum + 1), 0),
  'parse and check': () => count(parse(lines)),
  pack: () => events.reduce((sum, event) => sum + packRecord(event).length, 0),
  'collect, fold, encode': () => count(rebuildProfiles(events)),
  'all: line to profile': () => count(rebuildProfiles(parse(lines)))
}

const bytes = Math.round(lines.reduce((sum, line) => sum + line.length, 0) / EVENTS)
process.stdout.write(`${EVENTS} events of ${bytes} bytes, ${count(rebuildProfiles(events))} entities\n`)
for (const [name, run] of Object.entries(stages)) {
  const rounds: Speed[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await speedOf(run))
  show(
    name,
    rounds.slice(1).reduce((best, speed) => (speed.perCpuSecond > best.perCpuSecond ? speed : best))
  )
}
await measureWithRedis()

interface Speed {
  readonly perSecond: number
  readonly perCpuSecond: number
}

/** By the clock, and by what this process took of the cores: others may work on the machine. */
async function speedOf(run: () => unknown): Promise<Speed> {
  const [startedAtMs, before] = [performance.now(), process.cpuUsage()]
  await run()
  const { user, system } = process.cpuUsage(before)
  const seconds = (performance.now() - startedAtMs) / 1000
  return { perSecond: EVENTS / seconds, perCpuSecond: EVENTS / ((user + system) / 1e6) }
}

function show(name: string, { perSecond, perCpuSecond }: Speed): void {
  const [clock, cpu] = [perSecond, perCpuSecond].map((rate) => Math.round(rate).toLocaleString('en').padStart(11))
  process.stdout.write(`  ${name.padEnd(32)}${clock} events/s ${cpu} a CPU second\n`)
}

async function measureWithRedis(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'assay-bench-'))
  const server = await startPrivateRedis({ dir })
  const { url } = server
  const redis = createRedis({ url, name: 'bench', role: 'request', commandTimeoutMs: 5000, onError: () => {} })
  try {
    await whenReady(redis, 5000)
    await loadFunctions(redis)
    const keys = createKeys('bench')
    const log = createLogSource(createLogStreams(redis), keys)
    const archive: EventSource = {
      name: 'archive',
      estimate: async () => EVENTS,
      async *read() {
        for (let start = 0; start < EVENTS; start += 1000)
          yield { events: [...parse(lines.slice(start, start + 1000))], malformed: 0 }
      }
    }
    const deps = { store: createEntityStore(redis), keys, pace: async () => {}, savePosition: async () => {} }
    const options = { isCheck: false, isWhole: false, maxBytes: 1024 * 1024 * 1024 }
    const measure = async (name: string, source: EventSource, ofLog: LogSource | null) => {
      const all = { ...deps, sources: [source], log: ofLog, onProgress: () => {} }
      show(name, await speedOf(() => replay(all, options)))
    }
    await measure('archive into an empty Redis', archive, null)
    await measure('archive, nothing has changed', archive, null)
    for (let start = 0; start < EVENTS; start += 1000)
      await Promise.all(
        events
          .slice(start, start + 1000)
          .map((event, index) =>
            redis.xadd(keys.log(partitionOfText(event.refs.applicant)), '*', 'e', lines[start + index] as string)
          )
      )
    await measure('log, nothing has changed', log, log)
  } finally {
    redis.disconnect()
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
}
