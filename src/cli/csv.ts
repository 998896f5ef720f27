import { existsSync, readdirSync } from 'node:fs'
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

/** How a source writes its tables, where it is not the usual way. */
export interface TableFormat {
  readonly delimiter?: string
  /** What stands in a cell that is empty. */
  readonly missing?: string
}

/** A table of a folder in which each key stands once. */
export interface Table extends TableFormat {
  readonly name: string
  /** A table may be a part and say which after its name: transactions_1993-01_1994-03. */
  readonly mayBePart?: boolean
  readonly columns: readonly string[]
  /** Columns that tell a row from any other; an empty cell is a value too. */
  readonly key: readonly string[]
}

/** The table `name` in a folder, packed or not; undefined when it is not there. */
export function findTable(folder: string, name: string, mayBePart = false): string | undefined {
  const names = [`${name}.csv`, `${name}.csv.gz`].filter((file) => existsSync(`${folder}/${file}`))
  const found = mayBePart && existsSync(folder) ? [...names, ...partsOf(folder, name)] : names
  if (found.length > 1) throw new DataError(folder, undefined, `has both ${found.join(' and ')}; which one counts?`)
  return found[0] === undefined ? undefined : `${folder}/${found[0]}`
}

function partsOf(folder: string, name: string): string[] {
  const files = readdirSync(folder).toSorted()
  return files.filter((file) => file.startsWith(`${name}_`) && /\.csv(\.gz)?$/.test(file))
}

/** The rows of a table, each key once: a row said twice counts once, a contradiction is an error. */
export async function* readTable(folder: string, table: Table, onRepeat: () => void): AsyncGenerator<Row> {
  const { name, mayBePart, columns, key } = table
  const file = findTable(folder, name, mayBePart)
  if (file === undefined) throw new DataError(folder, undefined, `has neither ${name}.csv nor ${name}.csv.gz`)
  const seen = new Map<string, string>()
  for await (const row of readCsv(file, columns, table)) {
    const id = key.map((column) => row.readOptional(column, (text) => text) ?? '').join(', ')
    if (id === '') throw row.refuse(`column ${key.join(', ')}: is empty`)
    const earlier = seen.get(id)
    if (earlier === row.text) {
      onRepeat()
      continue
    }
    if (earlier !== undefined) throw row.refuse(`column ${key.join(', ')}: ${id} stands twice, with different values`)
    seen.set(id, row.text)
    yield row
  }
}

/** Streams the rows of a CSV file with a header. */
export async function* readCsv(
  file: string,
  requiredColumns: readonly string[],
  { delimiter = ',', missing = '' }: TableFormat = {}
): AsyncGenerator<Row> {
  let hasHeader = false
  const columns = (header: string[]): string[] => {
    hasHeader = true
    const missing = requiredColumns.filter((name) => !header.includes(name))
    if (missing.length > 0) throw new DataError(file, 1, `column ${missing.join(', ')} is missing`)
    const twice = header.find((name, index) => header.indexOf(name) !== index)
    if (twice !== undefined) throw new DataError(file, 1, `column ${twice} stands twice`)
    return header
  }
  const parser = parse({ bom: true, columns, delimiter, info: true, skip_empty_lines: true })
  // The error of a broken stream arrives at the loop below, through the parser.
  pipeline(openText(file), parser, () => {})
  try {
    for await (const { info, record } of parser as AsyncIterable<Parsed>) yield toRow(file, info.lines, record, missing)
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

function toRow(file: string, line: number, record: Parsed['record'], missing: string): Row {
  const refuse = (problem: string) => new DataError(file, line, problem)
  const readOptional: Row['readOptional'] = (column, reading) => {
    const text = record[column]?.trim() ?? ''
    if (text === '' || text === missing) return undefined
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
