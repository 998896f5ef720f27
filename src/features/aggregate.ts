import { ENTITY_KINDS, EVENT_TYPES, FIELDS, type Field } from '../domain/event.ts'
import { type Aggregation, DAY_MS, type EventFeature } from './definition.ts'
import type { History } from './history.ts'

/** Computes one feature from a folded history as of a time. Pure. */
export type Aggregate = (history: History, nowMs: number) => number

/**
 * Compiles the declaration of a feature to a loop over the columns of a history, newest event first, that stops where the
 * window ends: (now − window, ∞). There is no upper edge: an acknowledged event counts even when its producer’s clock is
 * a little ahead of ours. State is integers only (sums of safe integers), so the order of events never changes a bit.
 */
export function compileAggregate({ event, aggregation, windowMs, whenNone, unit }: EventFeature): Aggregate {
  const code = EVENT_TYPES[event].code
  const width = windowMs ?? Number.POSITIVE_INFINITY
  const inMs = !('field' in aggregation) || aggregation.field.endsWith('Ms')
  const aggregate = compile(aggregation, code, width, whenNone, unit === 'days' && inMs ? DAY_MS : 1)
  return (history, nowMs) => (history.hasType[code] === 0 ? whenNone : aggregate(history, nowMs))
}

const columnOf = (field: Field): number => FIELDS.indexOf(field)

function compile(aggregation: Aggregation, code: number, width: number, whenNone: number, scale: number): Aggregate {
  switch (aggregation.of) {
    case 'count':
      return count(code, width, whenNone)
    case 'distinct':
      return distinct(code, width, whenNone, ENTITY_KINDS.indexOf(aggregation.ref))
    case 'ageOfLast':
      return (history, nowMs) => ageOf(lastRow(history, code, nowMs - width), history, nowMs, whenNone, scale)
    case 'ageOfFirst':
      return (history, nowMs) => ageOf(firstRow(history, code, nowMs - width), history, nowMs, whenNone, scale)
    case 'last':
    case 'first': {
      const rowOf = aggregation.of === 'last' ? lastRow : firstRow
      const column = columnOf(aggregation.field)
      return (history, nowMs) => {
        const row = rowOf(history, code, nowMs - width, column)
        return row < 0 ? whenNone : ((history.fields[column] as Float64Array)[row] as number) / scale
      }
    }
    case 'countAbove':
    case 'shareAbove':
      return above(
        code,
        width,
        whenNone,
        columnOf(aggregation.field),
        aggregation.above,
        aggregation.of === 'shareAbove'
      )
    default:
      return fieldFold(aggregation.of, code, width, whenNone, columnOf(aggregation.field), scale)
  }
}

function count(code: number, width: number, whenNone: number): Aggregate {
  return ({ size, order, type, atMs }, nowMs) => {
    const after = nowMs - width
    let total = 0
    for (let rank = size - 1; rank >= 0; rank--) {
      const row = order[rank] as number
      if ((atMs[row] as number) <= after) break
      if (type[row] === code) total++
    }
    return total === 0 ? whenNone : total
  }
}

function distinct(code: number, width: number, whenNone: number, kind: number): Aggregate {
  return ({ size, order, type, atMs, refs }, nowMs) => {
    const after = nowMs - width
    const column = refs[kind] as Uint32Array
    const seen: number[] = []
    for (let rank = size - 1; rank >= 0; rank--) {
      const row = order[rank] as number
      if ((atMs[row] as number) <= after) break
      const ref = column[row] as number
      if (type[row] === code && ref !== 0 && !seen.includes(ref)) seen.push(ref)
    }
    return seen.length === 0 ? whenNone : seen.length
  }
}

function lastRow({ size, order, type, atMs, fields }: History, code: number, after: number, column = -1): number {
  for (let rank = size - 1; rank >= 0; rank--) {
    const row = order[rank] as number
    if ((atMs[row] as number) <= after) break
    if (type[row] === code && (column < 0 || !Number.isNaN((fields[column] as Float64Array)[row]))) return row
  }
  return -1
}

function firstRow({ size, order, type, atMs, fields }: History, code: number, after: number, column = -1): number {
  let first = -1
  for (let rank = size - 1; rank >= 0; rank--) {
    const row = order[rank] as number
    if ((atMs[row] as number) <= after) break
    if (type[row] === code && (column < 0 || !Number.isNaN((fields[column] as Float64Array)[row]))) first = row
  }
  return first
}

function ageOf(row: number, { atMs }: History, nowMs: number, whenNone: number, scale: number): number {
  return row < 0 ? whenNone : Math.max(0, nowMs - (atMs[row] as number)) / scale
}

function above(
  code: number,
  width: number,
  whenNone: number,
  column: number,
  limit: number,
  share: boolean
): Aggregate {
  return ({ size, order, type, atMs, fields }, nowMs) => {
    const after = nowMs - width
    const values = fields[column] as Float64Array
    let total = 0
    let hits = 0
    for (let rank = size - 1; rank >= 0; rank--) {
      const row = order[rank] as number
      if ((atMs[row] as number) <= after) break
      const value = values[row] as number
      if (type[row] !== code || Number.isNaN(value)) continue
      total++
      if (value > limit) hits++
    }
    if (total === 0) return whenNone
    return share ? hits / total : hits
  }
}

function fieldFold(
  of: 'sum' | 'mean' | 'min' | 'max',
  code: number,
  width: number,
  whenNone: number,
  column: number,
  scale: number
): Aggregate {
  return ({ size, order, type, atMs, fields }, nowMs) => {
    const after = nowMs - width
    const values = fields[column] as Float64Array
    let total = 0
    let sum = 0
    let least = Number.POSITIVE_INFINITY
    let most = Number.NEGATIVE_INFINITY
    for (let rank = size - 1; rank >= 0; rank--) {
      const row = order[rank] as number
      if ((atMs[row] as number) <= after) break
      const value = values[row] as number
      if (type[row] !== code || Number.isNaN(value)) continue
      total++
      sum += value
      if (value < least) least = value
      if (value > most) most = value
    }
    if (total === 0) return whenNone
    const result = of === 'sum' ? sum : of === 'mean' ? sum / total : of === 'min' ? least : most
    return result / scale
  }
}
