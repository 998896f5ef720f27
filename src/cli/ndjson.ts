import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import type { Checked } from '../domain/check.ts'
import { DataError, fileError } from './data-error.ts'

export interface Line<Value> {
  readonly value: Value
  /** From 1. */
  readonly line: number
}

/** Reads a file of JSON values, one a line (.gz too), checking each. Throws DataError at the first that is wrong. */
export async function* readNdjson<Value>(
  file: string,
  check: (value: unknown) => Checked<Value>
): AsyncGenerator<Line<Value>> {
  let line = 0
  try {
    for await (const text of createInterface({ input: openText(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      line++
      if (text === '') continue
      yield { value: parseLine(file, line, text, check), line }
    }
  } catch (error) {
    throw fileError(file, error)
  }
}

/** The lines of a file (.gz too) in parts of some hundred, for files so long that a step for each line would count. */
export async function* readLineBatches(file: string): AsyncGenerator<{ lines: string[]; firstLine: number }> {
  let firstLine = 1
  let rest = ''
  try {
    const text = openText(file)
    text.setEncoding('utf8')
    for await (const part of text) {
      const lines = (rest + String(part)).split('\n')
      rest = lines.pop() ?? ''
      if (lines.length > 0) yield { lines, firstLine }
      firstLine += lines.length
    }
    if (rest !== '') yield { lines: [rest], firstLine }
  } catch (error) {
    throw fileError(file, error)
  }
}

/** The bytes of a file, unpacked when its name says gzip; an error of either reaches the reader. */
export function openText(file: string): NodeJS.ReadableStream {
  const bytes = createReadStream(file)
  if (!file.endsWith('.gz')) return bytes
  const unpacked = createGunzip()
  bytes.on('error', (error) => unpacked.destroy(error))
  return bytes.pipe(unpacked)
}

function parseLine<Value>(file: string, line: number, text: string, check: (value: unknown) => Checked<Value>): Value {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new DataError(file, line, 'it is not JSON', cause)
  }
  const checked = check(parsed)
  if (checked.ok) return checked.value
  throw new DataError(file, line, checked.problems.map(({ field, problem }) => `${field} ${problem}`).join('; '))
}
