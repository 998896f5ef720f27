import { ENTITY_KINDS, type EntityKind } from '../domain/event.ts'
import { CATALOGUE } from './catalogue.ts'
import { History } from './history.ts'
import { packRow } from './record.ts'
import { createTileLayouts } from './tile-layout.ts'

/** A history for each kind of entity, laid out as the decisions that read the profiles have it; filled and filled again. */
export function createHistories(): (kind: EntityKind) => History {
  const histories = createTileLayouts(CATALOGUE).map((layout) => new History(layout))
  return (kind) => histories[ENTITY_KINDS.indexOf(kind)] as History
}

/** Folds what is stored of an entity; false when no fold can read it. */
export function readEntity(history: History, value: Buffer): boolean {
  try {
    history.fold(value, null)
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** The whole events of a history as records, oldest first. */
export function recordsOf({ rows, order, size }: History): Buffer {
  return Buffer.concat(Array.from({ length: size }, (_, rank) => packRow(rows, order[rank] as number)))
}
