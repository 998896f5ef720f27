import { systemClock } from '../clock.ts'
import { createEdge, type Edge } from '../edge/edge.ts'
import { createEntityStore } from '../features/entity-store.ts'
import { createLogSource, type EventSource } from '../features/log-source.ts'
import { type ReplayPosition, replay } from '../features/replay.ts'
import { loadFunctions } from '../redis/functions.ts'
import { createKeys, PARTITIONS } from '../redis/keys.ts'
import { createLogStreams } from '../redis/log-entries.ts'
import { type Command, type CommandArgs, callerPath, UsageError } from './command.ts'
import { createFileSource } from './file-source.ts'
import { listOf, tenantOf, tokensOf, wholeNumber } from './option-values.ts'
import { createPacer } from './pacer.ts'
import { createProgressLine } from './progress-line.ts'
import { createPositionStore } from './replay-position.ts'
import { withRedis } from './with-redis.ts'

const MEBIBYTE = 1024 * 1024
const LIMITS = {
  rate: { from: 0, to: 10_000_000, fallback: 20_000 },
  memory: { from: 1, to: 65_536, fallback: 256 },
  buckets: { from: 1, to: 65_536, fallback: 0 }
}

/** assay replay: profiles anew from the log or from archives. */
export const replayCommand: Command = {
  name: 'replay',
  summary: 'Rebuild or check profiles from the log and from archives, while the service serves',
  usage: `assay replay --from log|FILE [--from …] [options]

  --from         log: the log streams of Redis. FILE: an archive of assay archive, or events.ndjson of assay import; .gz too.
                 Name both when the log was trimmed: --from archive.ndjson --from log
  --tenant       the partner whose events a FILE with plain ids has; TOKEN_KEY must be the gateway’s
  --check        write nothing; exit code 1 when an entity differs
  --whole        what is named has every event there ever was: drop what it does not know and make old tiles anew.
                 Needs the log; refused when the log alone is named and was trimmed
  --partition N  entities of this partition only, 0 to ${PARTITIONS - 1}; may be given again
  --resume       go on where a killed replay of the same call stopped (kept in Redis for a week)
  --rate N       events and entities a second at most, ${LIMITS.rate.fallback} by default; 0 is no limit
  --memory N     MiB that a pass may take, ${LIMITS.memory.fallback} by default; what does not fit takes more passes
  --buckets N    passes over what is named; as few as fit by default

An entity becomes the fold of its events in what is named and of the records it has already: nothing is lost, and where both
know an event, the log is right. Decisions see the old profile or the new one. A repeat changes nothing.
Prints one JSON line: entities rebuilt, created, repaired (could not be read before), unchanged, overtaken (changed at every
attempt), unreadable (left as they are: only the log knows what came since). Exit code 1 when some are overtaken or unreadable.
Uses REDIS_URL, or the Redis of a running npm start.`,
  options: {
    from: { type: 'string', multiple: true },
    tenant: { type: 'string' },
    check: { type: 'boolean' },
    whole: { type: 'boolean' },
    partition: { type: 'string', multiple: true },
    resume: { type: 'boolean' },
    rate: { type: 'string' },
    memory: { type: 'string' },
    buckets: { type: 'string' }
  },
  run: (args) =>
    withRedis(args.env, async (redis, prefix) => {
      const { values, print, progress } = args
      // A Redis that is filled from an archive may be new.
      if (values.check !== true) await loadFunctions(redis)
      const keys = createKeys(prefix)
      const log = createLogSource(createLogStreams(redis), keys)
      const names = listOf(values, 'from')
      if (names.length === 0) throw new UsageError('--from is required: log, a file, or both')
      const sources = names.map((name) => (name === 'log' ? log : fileSource(name, args)))
      const partitions = partitionsOf(args)
      const [isCheck, isWhole] = [values.check === true, values.whole === true]
      if (isWhole) await assertWhole(sources, log)
      const buckets = wholeNumber(values, 'buckets', LIMITS.buckets)
      if (isCheck && values.resume === true) throw new UsageError('--resume: a check keeps no position to go on from')
      const options = {
        isCheck,
        isWhole,
        maxBytes: wholeNumber(values, 'memory', LIMITS.memory) * MEBIBYTE,
        ...(partitions !== undefined && { partitions }),
        ...(buckets > 0 && { buckets })
      }
      const call = describeCall(sources, options)
      const positions = createPositionStore(redis, keys, call)
      const position = values.resume === true ? await positions.load() : undefined
      if (values.resume === true && position === undefined) progress('replay: nothing to resume; from the beginning')
      const startedAtMs = systemClock.monotonicMs()
      const deps = {
        sources,
        log: sources.includes(log) ? log : null,
        store: createEntityStore(redis),
        keys,
        pace: createPacer(wholeNumber(values, 'rate', LIMITS.rate)),
        // A check writes nothing: the position may be that of a replay that runs or was killed.
        savePosition: isCheck ? async () => {} : positions.save,
        onProgress: createProgressLine('replay', progress)
      }
      const done = await replay(deps, { ...options, ...(position !== undefined && { position }) })
      if (!isCheck) await positions.clear()
      report(done, isCheck, (systemClock.monotonicMs() - startedAtMs) / 1000, print)
      if (done.outcomes.unreadable > 0 && deps.log === null)
        progress('replay: entities that cannot be read need the log as well: add --from log')
    })
}

function report(
  { events, malformed, outcomes }: ReplayPosition,
  isCheck: boolean,
  seconds: number,
  print: CommandArgs['print']
): void {
  const entities = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
  const differ = entities - outcomes.unchanged
  print(
    JSON.stringify({
      ...(isCheck && { differ }),
      entities,
      ...outcomes,
      eventsRead: events,
      malformed,
      seconds: Math.round(seconds * 1000) / 1000
    })
  )
  if (isCheck ? differ > 0 : outcomes.overtaken + outcomes.unreadable > 0) process.exitCode = 1
}

function fileSource(name: string, { values, env }: CommandArgs): EventSource {
  let partner: { readonly tenant: string; readonly edge: Edge } | undefined
  return createFileSource({
    file: callerPath(name, env),
    partner: () => {
      if (partner !== undefined) return partner
      partner = { tenant: tenantOf(values), edge: createEdge(tokensOf(env)) }
      return partner
    }
  })
}

function partitionsOf({ values }: CommandArgs): Set<number> | undefined {
  const partitions = listOf(values, 'partition').map((partition) =>
    wholeNumber({ partition }, 'partition', { from: 0, to: PARTITIONS - 1, fallback: 0 })
  )
  return partitions.length === 0 ? undefined : new Set(partitions)
}

async function assertWhole(sources: readonly EventSource[], log: ReturnType<typeof createLogSource>): Promise<void> {
  if (!sources.includes(log)) throw new UsageError('--whole needs --from log: it alone has what arrives meanwhile')
  if (sources.length === 1 && !(await log.isWhole()))
    throw new UsageError('--whole: the log was trimmed; name the archives of what is gone as well')
}

function describeCall(
  sources: readonly EventSource[],
  { isCheck, isWhole, partitions }: { isCheck: boolean; isWhole: boolean; partitions?: ReadonlySet<number> }
): string {
  return [
    ...sources.map(({ name }) => `--from ${name}`),
    ...(isCheck ? ['--check'] : []),
    ...(isWhole ? ['--whole'] : []),
    ...[...(partitions ?? [])].sort((left, right) => left - right).map((partition) => `--partition ${partition}`)
  ].join(' ')
}
