import { existsSync } from 'node:fs'
import { pipeline } from 'node:stream'
import { type CsvError, parse } from 'csv-parse'
import { DataError, fileError } from './data-error.ts'
import { openText } from './ndjson.ts'

/** One row of a table; its cells are asked for by column, each with a reading that may refuse it. */
export interface Row {
  readonly line: number
  /** Throws DataError with file, line and column when the cell is empty or the reading throws RangeError. */
  readonly read: <Value>(column: string, reading: (text: string) => Value) => Value
  /** As `read`, but undefined where the column or the cell is empty. */
  readonly readOptional: <Value>(column: string, reading: (text: string) => Value) => Value | undefined
  /** The row as one text, to tell a repeat from a contradiction. */
  readonly text: string
  readonly refuse: (problem: string) => DataError
}

/** The table `name` in a folder, packed or not; undefined when it is not there. */
export function findTable(folder: string, name: string): string | undefined {
  const found = [`${folder}/${name}.csv`, `${folder}/${name}.csv.gz`].filter((file) => existsSync(file))
  if (found.length > 1)
    throw new DataError(folder, undefined, `has both ${name}.csv and ${name}.csv.gz; which one counts?`)
  return found[0]
}

/** Streams the rows of a CSV file with a header. */
export async function* readCsv(file: string, requiredColumns: readonly string[]): AsyncGenerator<Row> {
  let hasHeader = false
  const columns = (header: string[]): string[] => {
    hasHeader = true
    const missing = requiredColumns.filter((name) => !header.includes(name))
    if (missing.length > 0) throw new DataError(file, 1, `column ${missing.join(', ')} is missing`)
    const twice = header.find((name, index) => header.indexOf(name) !== index)
    if (twice !== undefined) throw new DataError(file, 1, `column ${twice} stands twice`)
    return header
  }
  const parser = parse({ bom: true, columns, info: true, skip_empty_lines: true })
  // The error of a broken stream arrives at the loop below, through the parser.
  pipeline(openText(file), parser, () => {})
  try {
    for await (const { info, record } of parser as AsyncIterable<Parsed>) yield toRow(file, info.lines, record)
  } catch (error) {
    throw isCsvError(error) ? new DataError(file, error.lines, error.message, error) : fileError(file, error)
  }
  if (!hasHeader) throw new DataError(file, undefined, 'is empty: it has no header')
}

interface Parsed {
  readonly info: { readonly lines: number }
  readonly record: Readonly<Record<string, string>>
}

function isCsvError(error: unknown): error is CsvError & { lines?: number } {
  return error instanceof Error && (error as { code?: string }).code?.startsWith('CSV_') === true
}

function toRow(file: string, line: number, record: Parsed['record']): Row {
  const refuse = (problem: string) => new DataError(file, line, problem)
  const readOptional: Row['readOptional'] = (column, reading) => {
    const text = record[column]?.trim() ?? ''
    if (text === '') return undefined
    try {
      return reading(text)
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause
      throw new DataError(file, line, `column ${column}: ${JSON.stringify(text.slice(0, 40))} ${cause.message}`, cause)
    }
  }
  const read: Row['read'] = (column, reading) => {
    const value = readOptional(column, reading)
    if (value === undefined) throw refuse(`column ${column}: is empty`)
    return value
  }
  return { line, read, readOptional, text: Object.values(record).join(','), refuse }
}
