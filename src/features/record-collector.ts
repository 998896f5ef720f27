import { type AssayEvent, ENTITY_KINDS, type EntityKind } from '../domain/event.ts'
import { hash32 } from '../domain/hash.ts'
import { partitionOfText } from '../redis/keys.ts'
import { packRecord } from './record.ts'

/** Entities are spread over this many places by the hash of their token; a pass takes a range of them. */
export const PLACES = 2 ** 32

const CHUNK_BYTES = 1 << 20
/** What a list of records and its place in a map take: rounded up, since a bound that is passed ends the process. */
const ENTITY_BYTES = 300
const REFERENCE_BYTES = 12

export interface CollectorOptions {
  /** Entities from this place on … */
  readonly from: number
  /** … up to this one, which no longer belongs. */
  readonly to: number
  /** Of these partitions only; all of them when it is left out. */
  readonly partitions?: ReadonlySet<number>
  /** About how much may be held. */
  readonly maxBytes: number
}

export interface CollectedEntity {
  readonly kind: EntityKind
  readonly token: string
  readonly place: number
}

/**
 * Records of the entities of a range, as packed bytes: a record that five entities share is held once. Bounded: beyond
 * maxBytes it takes no more, and the range must be made smaller.
 */
export interface RecordCollector {
  /** False when it is full: what was collected is of no use. @throws RangeError for an event that cannot be packed */
  readonly add: (event: AssayEvent) => boolean
  /** Every entity with a record, in order of its place. */
  readonly entities: () => CollectedEntity[]
  /** The records of an entity one behind the other, in the order in which they came. */
  readonly recordsOf: (entity: CollectedEntity) => Buffer
  readonly size: () => number
}

export function createRecordCollector({ from, to, partitions, maxBytes }: CollectorOptions): RecordCollector {
  const isWhole = from === 0 && to === PLACES && partitions === undefined
  const entities = ENTITY_KINDS.map(() => new Map<string, number[]>())
  const chunks: Buffer[] = []
  let used = CHUNK_BYTES
  let references = 0
  let count = 0

  const isWanted = (token: string): boolean => {
    const place = placeOf(token)
    return place >= from && place < to && (partitions === undefined || partitions.has(partitionOfText(token)))
  }

  const store = (record: Buffer): number => {
    if (used + record.length > CHUNK_BYTES) {
      chunks.push(Buffer.allocUnsafeSlow(CHUNK_BYTES))
      used = 0
    }
    const position = (chunks.length - 1) * CHUNK_BYTES + used
    used += record.copy(chunks.at(-1) as Buffer, used)
    return position
  }

  const isFull = () => chunks.length * CHUNK_BYTES + references * REFERENCE_BYTES + count * ENTITY_BYTES > maxBytes

  return {
    add: (event) => {
      let position = -1
      for (let kind = 0; kind < ENTITY_KINDS.length; kind++) {
        const token = event.refs[ENTITY_KINDS[kind] as EntityKind]
        if (token === undefined || !(isWhole || isWanted(token))) continue
        if (position < 0) position = store(packRecord(event))
        const known = (entities[kind] as Map<string, number[]>).get(token)
        references++
        if (known !== undefined) known.push(position)
        else {
          ;(entities[kind] as Map<string, number[]>).set(token, [position])
          count++
        }
      }
      return position < 0 || !isFull()
    },
    entities: () =>
      entities
        .flatMap((tokens, kind) =>
          Array.from(tokens.keys(), (token) => ({
            kind: ENTITY_KINDS[kind] as EntityKind,
            token,
            place: placeOf(token)
          }))
        )
        .sort((left, right) => left.place - right.place),
    recordsOf: ({ kind, token }) => {
      const positions = entities[ENTITY_KINDS.indexOf(kind)]?.get(token) ?? []
      let length = 0
      for (const position of positions) length += recordAt(chunks, position)
      const records = Buffer.allocUnsafe(length)
      let offset = 0
      for (const position of positions) {
        const start = position % CHUNK_BYTES
        const chunk = chunks[Math.floor(position / CHUNK_BYTES)] as Buffer
        offset += chunk.copy(records, offset, start, start + (chunk[start] as number))
      }
      return records
    },
    size: () => count
  }
}

function recordAt(chunks: readonly Buffer[], position: number): number {
  return (chunks[Math.floor(position / CHUNK_BYTES)] as Buffer)[position % CHUNK_BYTES] as number
}

/** Tokens are hashes already; another seed, so that places and partitions are independent. */
function placeOf(token: string): number {
  return hash32(token, 0x51ed270b)
}
