import { ENTITY_KINDS, EVENT_TYPES } from '../domain/event.ts'
import { columnOf, compileCondition, type Fulfils } from './condition.ts'
import { type Aggregation, DAY_MS, type EventFeature } from './definition.ts'
import type { History } from './history.ts'

/** Computes one feature from a folded history as of a time. Pure. */
export type Aggregate = (history: History, nowMs: number) => number

/** Which rows a feature reads: by type code, window and condition. */
interface Selection {
  readonly codes: readonly number[]
  readonly wanted: Uint8Array
  readonly widthMs: number
  readonly where: Fulfils | undefined
}

/**
 * Compiles the declaration of a feature to a loop over the columns of a history, newest event first, that stops where the
 * window ends: (now − window, ∞). There is no upper edge: an acknowledged event counts even when its producer’s clock is
 * a little ahead of ours. State is integers only (sums of safe integers), so the order of events never changes a bit.
 */
export function compileAggregate(feature: EventFeature): Aggregate {
  const { events, aggregation, windowMs, whenNone, unit } = feature
  const codes = events.map((event) => EVENT_TYPES[event].code)
  const wanted = new Uint8Array(256)
  for (const code of codes) wanted[code] = 1
  const where = feature.where && compileCondition(feature.where)
  const inMs = !('field' in aggregation) || aggregation.field.endsWith('Ms')
  const selection = { codes, wanted, widthMs: windowMs ?? Number.POSITIVE_INFINITY, where }
  const aggregate = compile(aggregation, selection, whenNone, unit === 'days' && inMs ? DAY_MS : 1)
  return (history, nowMs) => (codes.some((code) => history.hasType[code] !== 0) ? aggregate(history, nowMs) : whenNone)
}

function compile(aggregation: Aggregation, selection: Selection, whenNone: number, scale: number): Aggregate {
  switch (aggregation.of) {
    case 'count':
      return (history, nowMs) => count(selection, history, nowMs) || whenNone
    case 'distinct': {
      const column =
        'ref' in aggregation
          ? ({ refs }: History) => refs[ENTITY_KINDS.indexOf(aggregation.ref)] as Uint32Array
          : ({ fields }: History) => fields[columnOf(aggregation.field)] as Float64Array
      return (history, nowMs) => distinct(selection, history, nowMs, column(history)) || whenNone
    }
    case 'ageOfLast':
    case 'ageOfFirst':
      return (history, nowMs) => {
        const row = edgeRow(selection, history, nowMs, aggregation.of === 'ageOfFirst', null)
        return row < 0 ? whenNone : Math.max(0, nowMs - (history.atMs[row] as number)) / scale
      }
    case 'last':
    case 'first': {
      const column = columnOf(aggregation.field)
      return (history, nowMs) => {
        const values = history.fields[column] as Float64Array
        const row = edgeRow(selection, history, nowMs, aggregation.of === 'first', values)
        return row < 0 ? whenNone : (values[row] as number) / scale
      }
    }
    case 'share':
      return share(selection, whenNone, compileCondition(aggregation.when))
    default:
      return fieldFold(aggregation.of, selection, whenNone, columnOf(aggregation.field), scale)
  }
}

/** The next older row that the selection counts, from a rank downwards; −1 when the window ends first. */
function nextRank({ wanted, widthMs, where }: Selection, history: History, nowMs: number, from: number): number {
  const { order, type, atMs } = history
  const after = nowMs - widthMs
  for (let rank = from; rank >= 0; rank--) {
    const row = order[rank] as number
    if ((atMs[row] as number) <= after) return -1
    if (wanted[type[row] as number] === 1 && (where === undefined || where(history, row) === 1)) return rank
  }
  return -1
}

function count(selection: Selection, history: History, nowMs: number): number {
  let total = 0
  for (let rank = nextRank(selection, history, nowMs, history.size - 1); rank >= 0; total++)
    rank = nextRank(selection, history, nowMs, rank - 1)
  return total
}

function distinct(selection: Selection, history: History, nowMs: number, column: Uint32Array | Float64Array): number {
  const seen: number[] = []
  const none = column instanceof Uint32Array ? 0 : Number.NaN
  let rank = nextRank(selection, history, nowMs, history.size - 1)
  for (; rank >= 0; rank = nextRank(selection, history, nowMs, rank - 1)) {
    const value = column[history.order[rank] as number] as number
    if (!Object.is(value, none) && !seen.includes(value)) seen.push(value)
  }
  return seen.length
}

/** The newest or oldest row of the selection, of those that have a value where values are given. */
function edgeRow(
  selection: Selection,
  history: History,
  nowMs: number,
  oldest: boolean,
  values: Float64Array | null
): number {
  let edge = -1
  let rank = nextRank(selection, history, nowMs, history.size - 1)
  for (; rank >= 0; rank = nextRank(selection, history, nowMs, rank - 1)) {
    const row = history.order[rank] as number
    if (values !== null && Number.isNaN(values[row])) continue
    edge = row
    if (!oldest) break
  }
  return edge
}

function share(selection: Selection, whenNone: number, when: Fulfils): Aggregate {
  return (history, nowMs) => {
    let total = 0
    let hits = 0
    let rank = nextRank(selection, history, nowMs, history.size - 1)
    for (; rank >= 0; rank = nextRank(selection, history, nowMs, rank - 1)) {
      const hit = when(history, history.order[rank] as number)
      if (Number.isNaN(hit)) continue
      total++
      hits += hit
    }
    return total === 0 ? whenNone : hits / total
  }
}

function fieldFold(
  of: 'sum' | 'mean' | 'min' | 'max' | 'stddev',
  selection: Selection,
  whenNone: number,
  column: number,
  scale: number
): Aggregate {
  return (history, nowMs) => {
    const values = history.fields[column] as Float64Array
    let total = 0
    let sum = 0
    let squares = 0n
    let least = Number.POSITIVE_INFINITY
    let most = Number.NEGATIVE_INFINITY
    let rank = nextRank(selection, history, nowMs, history.size - 1)
    for (; rank >= 0; rank = nextRank(selection, history, nowMs, rank - 1)) {
      const value = values[history.order[rank] as number] as number
      if (Number.isNaN(value)) continue
      total++
      sum += value
      if (of === 'stddev') squares += BigInt(value) * BigInt(value)
      if (value < least) least = value
      if (value > most) most = value
    }
    if (total === 0) return whenNone
    switch (of) {
      case 'sum':
        return sum / scale
      case 'mean':
        return sum / total / scale
      case 'min':
        return least / scale
      case 'max':
        return most / scale
      case 'stddev':
        return Math.sqrt(Number(BigInt(total) * squares - BigInt(sum) * BigInt(sum))) / total / scale
    }
  }
}
