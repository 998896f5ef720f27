import { FIELDS, type Field } from '../domain/event.ts'
import { type Condition, HOUR_MS, MINUTE_MS } from './definition.ts'
import type { Rows } from './rows.ts'

/** Whether a row fulfils a condition; NaN where the row lacks what it asks about. */
export type Fulfils = (rows: Rows, row: number) => number

const DAY_HOURS = 24

/** Compiles a condition to 1, 0 or NaN a row. Pure. */
export function compileCondition(condition: Condition): Fulfils {
  if ('fromHour' in condition) return localHours(condition)
  const column = columnOf(condition.field)
  const test = testOf(condition)
  return (rows, row) => {
    const value = rows.field(column, row)
    return Number.isNaN(value) ? Number.NaN : Number(test(value))
  }
}

export function columnOf(field: Field): number {
  return FIELDS.indexOf(field)
}

function testOf(condition: Exclude<Condition, { fromHour: number }>): (value: number) => boolean {
  if ('above' in condition) return (value) => value > condition.above
  if ('below' in condition) return (value) => value < condition.below
  return (value) => value === condition.equals
}

function localHours({ fromHour, toHour, utcOffsetMinutes }: Extract<Condition, { fromHour: number }>): Fulfils {
  const length = (toHour - fromHour + DAY_HOURS) % DAY_HOURS
  return ({ atMs }, row) => {
    const hour = Math.floor(((atMs[row] as number) + utcOffsetMinutes * MINUTE_MS) / HOUR_MS) - fromHour
    return Number(((hour % DAY_HOURS) + DAY_HOURS) % DAY_HOURS < length)
  }
}
