import { ENTITY_KINDS } from '../domain/event.ts'
import { hash32 } from '../domain/hash.ts'
import { entityKindOf, type Keys, partitionOfText } from '../redis/keys.ts'
import { eventJsonOf, type LogEntry, type LogStreams, STREAM_START } from '../redis/log-entries.ts'
import { entityKeys } from './behaviour-store.ts'
import type { EntityStore } from './entity-store.ts'
import { parseLogEvent } from './event-json.ts'
import { createHistories, readEntity } from './stored-entity.ts'

const APPLICANT = ENTITY_KINDS.indexOf('applicant')
const LOG_BATCH = 200
const SCAN_KEYS = 100
/** An entity that changes so often between the look and the write is told and left to the next run. */
const MAX_ATTEMPTS = 8
/** Events that go on arriving are erased so often; then somebody must stop them first. */
const MAX_ROUNDS = 3

export interface EraseDeps {
  readonly streams: LogStreams
  readonly store: EntityStore
  readonly keys: Keys
  /** Waits so that no more than a rate of entries and entities is read. */
  readonly pace: (steps: number) => Promise<void>
  readonly onProgress: (progress: EraseProgress) => void
  /** For tests that let something happen in between. */
  readonly onStep?: (step: 'log' | 'read' | 'entities', entityKeys: readonly string[]) => Promise<void>
}

export interface EraseProgress {
  readonly logEntries: number
  readonly entities: number
}

export interface EraseRequest {
  readonly tenant: string
  /** Of the applicant, as the HTTP edge makes it. */
  readonly token: string
  /** Tells what would go and writes nothing. */
  readonly isDryRun: boolean
}

export interface EraseSummary {
  readonly logEntries: number
  /** Entities of other kinds that were written again without the applicant’s records. */
  readonly rewritten: number
  /** Entities, the applicant’s own among them, of which nothing was left. */
  readonly removed: number
  readonly records: number
  /** Events of the applicant that came while it ran; they are erased too unless they went on coming. */
  readonly arrived: number
  /** Entities that changed at every attempt. */
  readonly overtaken: number
  /** Entities whose bytes cannot be read, so that nobody knows whose records they hold. */
  readonly unreadable: number
  /** Nothing of the behaviour is left, as far as could be read. */
  readonly isComplete: boolean
}

/** Streams whose entries can name an applicant. A stream that takes events before they reach the log belongs here too. */
function streamsOf(keys: Keys, token: string): string[] {
  const partition = partitionOfText(token)
  return [keys.log(partition), keys.due(partition)]
}

/**
 * Removes the behaviour of one applicant: the log entries, the records in every other entity, the applicant’s entity. Every
 * entity is looked at, not only those the log still names: it is trimmed long before profiles end. Records know the
 * applicant by a hash; tiles of older events are counts without any and stay. Safe while serving and to repeat: what has
 * changed since it was read is read again.
 */
export async function eraseApplicant(deps: EraseDeps, request: EraseRequest): Promise<EraseSummary> {
  const { keys, onStep } = deps
  const own = keys.entity('applicant', request.token)
  const sums = { logEntries: 0, rewritten: 0, removed: 0, records: 0, arrived: 0, overtaken: 0, unreadable: 0 }
  const eraseEntity = createEntityEraser(deps, request, own, sums)
  const log = createLogEraser(deps, request, sums)

  await log.erase()
  await onStep?.('log', [])
  let entities = 0
  for await (const names of otherEntities(deps)) {
    await eraseEntity(names)
    entities += names.length
    deps.onProgress({ logEntries: log.seen(), entities })
  }
  await eraseEntity([own])
  await onStep?.('entities', [own])
  let named = request.isDryRun ? new Set<string>() : await log.erase()
  for (let round = 1; named.size > 0 && round < MAX_ROUNDS; round++) {
    await eraseEntity([...named])
    await onStep?.('entities', [...named])
    named = await log.erase()
  }
  return { ...sums, isComplete: named.size === 0 && sums.overtaken === 0 && sums.unreadable === 0 }
}

type Sums = { -readonly [Name in Exclude<keyof EraseSummary, 'isComplete'>]: number }

/** Keys of the entities of every kind but applicants, as they lie. */
async function* otherEntities({ store, keys, pace }: EraseDeps): AsyncGenerator<string[]> {
  const pattern = keys.entityPattern(ENTITY_KINDS.filter((kind) => kind !== 'applicant'))
  let cursor = '0'
  do {
    const { next, names } = await store.scan(cursor, pattern, SCAN_KEYS)
    await pace(SCAN_KEYS)
    if (names.length > 0) yield names
    cursor = next
  } while (cursor !== '0')
}

/** Erases what came since it was last called; tells the entities that those events name. */
function createLogEraser({ streams, keys, pace }: EraseDeps, { token, isDryRun }: EraseRequest, sums: Sums) {
  const positions = new Map(streamsOf(keys, token).map((stream) => [stream, STREAM_START]))
  let seen = 0
  let calls = 0

  const eraseFrom = async (stream: string, named: Set<string>): Promise<void> => {
    for (;;) {
      const after = positions.get(stream) ?? STREAM_START
      const entries = await streams.read({ stream, after, count: LOG_BATCH })
      // A token has 128 bits: an entry in which it stands is about this applicant.
      const theirs = entries.filter(({ fields }) => fields.some((field) => field.includes(token)))
      for (const entry of theirs) for (const name of entitiesNamedBy(keys, entry)) named.add(name)
      if (!isDryRun) await streams.remove(stream, theirs)
      positions.set(stream, entries.at(-1)?.id ?? after)
      seen += entries.length
      sums.logEntries += theirs.length
      if (calls > 1) sums.arrived += theirs.length
      if (entries.length < LOG_BATCH) return
      await pace(entries.length)
    }
  }

  return {
    erase: async (): Promise<Set<string>> => {
      calls++
      const named = new Set<string>()
      for (const stream of positions.keys()) await eraseFrom(stream, named)
      return named
    },
    seen: () => seen
  }
}

function entitiesNamedBy(keys: Keys, entry: LogEntry): string[] {
  const event = parseLogEvent(eventJsonOf(entry) ?? '')
  return event === undefined ? [] : entityKeys(keys, event.refs)
}

type Erased = { readonly kind: 'untouched' | 'unreadable' | 'overtaken' } | Rewritten
interface Rewritten {
  readonly kind: 'rewritten' | 'removed'
  readonly records: number
}

function createEntityEraser(
  { store, onStep }: EraseDeps,
  { token, isDryRun }: EraseRequest,
  own: string,
  sums: Sums
): (entityKeys: readonly string[]) => Promise<void> {
  const applicant = hash32(token, 0)
  const historyOf = createHistories()

  const eraseOne = async (name: string, value: Buffer | null): Promise<Erased> => {
    if (value === null) return { kind: 'untouched' }
    const history = historyOf(entityKindOf(name))
    const isReadable = readEntity(history, value)
    if (name === own) {
      const records = isReadable ? history.size : 0
      return isDryRun || (await store.remove(name, value)) ? { kind: 'removed', records } : { kind: 'overtaken' }
    }
    // What tiles of another catalogue are about cannot be seen; a replay makes them anew without this person.
    if (!isReadable || history.isForeign) return { kind: 'unreadable' }
    const records = history.forget(APPLICANT, applicant)
    if (records === 0) return { kind: 'untouched' }
    if (history.size === 0 && history.horizonMs < 0) {
      return isDryRun || (await store.remove(name, value)) ? { kind: 'removed', records } : { kind: 'overtaken' }
    }
    const done = isDryRun || (await store.replace(name, value, history.encode()))
    return done ? { kind: 'rewritten', records } : { kind: 'overtaken' }
  }

  return async (entityKeys) => {
    let open = entityKeys
    for (let attempt = 1; open.length > 0; attempt++) {
      const values = await store.read(open)
      await onStep?.('read', open)
      const erased = await Promise.all(open.map((name, index) => eraseOne(name, values[index] ?? null)))
      const isLast = attempt === MAX_ATTEMPTS
      for (const outcome of erased) {
        if (outcome.kind === 'untouched' || (outcome.kind === 'overtaken' && !isLast)) continue
        sums[outcome.kind]++
        if ('records' in outcome) sums.records += outcome.records
      }
      open = isLast ? [] : open.filter((_, index) => erased[index]?.kind === 'overtaken')
    }
  }
}
