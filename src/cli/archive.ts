import { existsSync } from 'node:fs'
import { createKeys, type Keys, PARTITIONS } from '../redis/keys.ts'
import { createLogStreams, eventJsonOf, type LogStreams, STREAM_START } from '../redis/log-entries.ts'
import { type ArchiveFile, openArchive } from './archive-file.ts'
import { type Command, type CommandArgs, callerPath, required, UsageError } from './command.ts'
import { wholeNumber } from './option-values.ts'
import { createPacer } from './pacer.ts'
import { withRedis } from './with-redis.ts'

const BATCH = 200
/** Events between two saved states: what a killed run writes again. */
const SAVE_EVERY = 20_000
const RATE = { from: 0, to: 10_000_000, fallback: 20_000 }

/** assay archive: the log as a file that assay replay reads. */
export const archiveCommand: Command = {
  name: 'archive',
  summary: 'Write the log of all partitions to a file, before it is trimmed',
  usage: `assay archive --out FILE [--until TIME] [--rate N]

  --out     one event a line as the log has it, with tokens; partition after partition, each in the order of its log. FILE
            appears when it is whole. The same call goes on where a killed one stopped (FILE.part, FILE.state)
  --until   events that reached the log before this instant (2026-11-23T00:00:00Z); by default now
  --rate    events a second at most, ${RATE.fallback} by default; 0 is no limit

Prints one JSON line: events, bytes, sha256, until, skipped (entries without an event), resumed. The file holds behaviour of
people under tokens: keep it as you keep Redis. Erasing a person does not reach into it.
Uses REDIS_URL, or the Redis of a running npm start.`,
  options: { out: { type: 'string' }, until: { type: 'string' }, rate: { type: 'string' } },
  run: (args) =>
    withRedis(args.env, async (redis, prefix) => {
      const { values, env, print, progress } = args
      const file = callerPath(required(values, 'out'), env)
      if (existsSync(file)) throw new UsageError(`--out ${file} is there already`)
      const streams = createLogStreams(redis)
      const untilMs = untilOf(values.until) ?? (await streams.nowMs())
      const archive = await openArchive(file, { untilMs, partition: 0, after: STREAM_START, events: 0 })
      try {
        if (values.until !== undefined && archive.state.untilMs !== untilMs)
          throw new UsageError(`${file}.part was begun with another --until; remove it and its state to begin again`)
        if (archive.isResumed) progress(`archive: goes on behind ${archive.state.events} events`)
        const pace = createPacer(wholeNumber(values, 'rate', RATE))
        const counts = await writeLog({ streams, keys: createKeys(prefix), archive, pace, progress })
        const written = await archive.finish()
        const until = new Date(archive.state.untilMs).toISOString()
        print(JSON.stringify({ file, ...counts, ...written, until, resumed: archive.isResumed }))
      } finally {
        await archive.close()
      }
    })
}

interface ArchiveDeps {
  readonly streams: LogStreams
  readonly keys: Keys
  readonly archive: ArchiveFile
  readonly pace: (steps: number) => Promise<void>
  readonly progress: CommandArgs['progress']
}

async function writeLog({ streams, keys, archive, pace, progress }: ArchiveDeps) {
  const { untilMs } = archive.state
  let { partition, after, events } = archive.state
  let skipped = 0
  let unsaved = 0
  const save = async () => {
    await archive.save({ untilMs, partition, after, events })
    unsaved = 0
  }
  while (partition < PARTITIONS) {
    const range = { stream: keys.log(partition), after, upTo: String(untilMs - 1), count: BATCH }
    const entries = await streams.read(range)
    const lines = entries.flatMap((entry) => eventJsonOf(entry) ?? [])
    if (lines.length > 0) await archive.write(`${lines.join('\n')}\n`)
    events += lines.length
    unsaved += lines.length
    skipped += entries.length - lines.length
    after = entries.at(-1)?.id ?? after
    if (entries.length < BATCH) {
      partition++
      after = STREAM_START
      progress(`archive: ${events} events, ${partition} of ${PARTITIONS} partitions`)
    }
    if (unsaved >= SAVE_EVERY) await save()
    await pace(entries.length)
  }
  await save()
  return { events, skipped }
}

function untilOf(value: CommandArgs['values'][string]): number | undefined {
  if (value === undefined) return undefined
  const untilMs = typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(untilMs)) throw new UsageError('--until takes an instant such as 2026-11-23T00:00:00Z')
  return untilMs
}
