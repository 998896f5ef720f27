import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createKeys } from '../../src/redis/keys.ts'
import { machine } from '../json-report.ts'
import { createProgress } from '../progress.ts'
import { startServiceUnderTest } from '../stack.ts'
import { type FoldNanos, measureFold } from './features/fold.ts'
import { type Ingest, measureIngest } from './features/ingest.ts'
import { type Memory, measureMemory } from './features/memory.ts'
import { measureReads, type Reads, SIZES } from './features/reads.ts'
import { measureReplay } from './features/replay.ts'
import { startBenchStore } from './features/store.ts'

const USAGE = `npm run bench:features -- [--json FILE] [--memory]

What behaviour costs: reading every feature of somebody with 100 to 100,000 events, telling of events by HTTP and by the
inbox beside plain XADD of the same bytes, the size of what is kept, and rebuilding it from an archive. Starts Redis and a
service of its own and ends them; about two minutes.

  --json FILE   all numbers
  --memory      a million entities with fifty events each instead: what Redis needs for them (some 3 GB for a minute)
`
const MILLION = { entities: 1_000_000, eventsEach: 50 }

const { values } = parseArgs({
  options: { json: { type: 'string' }, memory: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } }
})
const progress = createProgress(process.stderr)
if (values.help === true) process.stdout.write(USAGE)
else if (values.memory === true) await memory()
else await everything()

async function everything(): Promise<void> {
  const store = await startBenchStore()
  let reads: Reads
  try {
    reads = await measureReads(store, progress.tick)
  } finally {
    await store.stop()
  }
  const foldNanos = await measureFold(progress.tick)
  const replayEventsPerSecond = measureReplay(progress.tick)
  const { ingest, redisVersion } = await ingestOfService()
  progress.done()
  print(reads, foldNanos, ingest, replayEventsPerSecond)
  const { xaddEventsPerSecond, ...told } = ingest
  report({ ...reads, foldNanos, ...told, xaddEventsPerSecond, replayEventsPerSecond, machine: machine(redisVersion) })
}

async function ingestOfService(): Promise<{ ingest: Ingest; redisVersion: string }> {
  const { signal } = new AbortController()
  const service = await startServiceUnderTest({ note: progress.note, profiled: false, signal })
  try {
    const ingest = await measureIngest(service, createKeys(service.redisPrefix), progress.tick)
    return { ingest, redisVersion: service.redisVersion }
  } finally {
    await service.stop()
  }
}

async function memory(): Promise<void> {
  const store = await startBenchStore()
  try {
    const result: Memory = await measureMemory(store.redis, store.keys, MILLION, progress.tick)
    progress.done()
    process.stdout.write(
      `${whole(result.entities)} entities with ${result.eventsEach} events each: ${(result.usedBytes / 2 ** 30).toFixed(2)} GiB, ` +
        `${whole(result.bytesPerEntity)} bytes an entity with its key\n`
    )
    report(result)
  } finally {
    await store.stop()
  }
}

function print(reads: Reads, fold: FoldNanos, ingest: Ingest, replayEventsPerSecond: number): void {
  const rows = SIZES.map((size) => {
    const [read, compute] = [reads.readMicros[size], reads.computeMicros[size]]
    return `  ${whole(size).padStart(8)}${read.toFixed(0).padStart(10)} µs${compute.toFixed(1).padStart(12)} µs`
  })
  const share = reads.readMicros[100_000] / reads.readMicros[1000]
  process.stdout.write(`Every feature of five entities, medians; ${reads.roundTrips} round trip to Redis
    events      read       of it folding and computing
${rows.join('\n')}
  100,000 beside 1,000: ${share.toFixed(2)} ×
Folding an event: ${fold.record.toFixed(0)} ns as a record, ${fold.retained.toFixed(0)} ns in a profile, ${fold.compaction.toFixed(0)} ns to put it there
Kept: ${reads.bytesPerEvent.toFixed(1)} bytes an event, the largest entity ${whole(reads.profileMaxBytes)} bytes
Events a second
  HTTP            ${whole(ingest.httpEventsPerSecond).padStart(10)}
  inbox, backlog  ${whole(ingest.inboxEventsPerSecond).padStart(10)}   ${ingest.inboxShareOfXadd.toFixed(2)} of plain XADD
  inbox, adding   ${whole(ingest.inboxWhileAddingEventsPerSecond).padStart(10)}   the producer on the same two cores
  plain XADD      ${whole(ingest.xaddEventsPerSecond).padStart(10)}
  archive replay  ${whole(replayEventsPerSecond).padStart(10)}   one core, line to profile
`)
}

function report(result: object): void {
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`)
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}
