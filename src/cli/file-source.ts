import { stat } from 'node:fs/promises'
import { compileCheck } from '../domain/check.ts'
import { type AssayEvent, type EventInput, EventInputSchema } from '../domain/event.ts'
import type { Edge } from '../edge/edge.ts'
import { readLogEvent } from '../features/event-json.ts'
import type { EventSource } from '../features/log-source.ts'
import { DataError, fileError } from './data-error.ts'
import { readLineBatches } from './ndjson.ts'

const LINE_BYTES = 300
const GZIP_RATIO = 8

const checkInput = compileCheck(EventInputSchema)

export interface FileSourceOptions {
  readonly file: string
  /** For files with plain ids: whose they are and how they become tokens. Called when the first one is met. */
  readonly partner: () => { readonly tenant: string; readonly edge: Edge }
}

/**
 * Events of a file, one a line: as the log has them (assay archive) or as a partner posts them (assay import). Throws
 * DataError at the first line that is neither.
 */
export function createFileSource({ file, partner }: FileSourceOptions): EventSource {
  return {
    name: file,
    estimate: async () => {
      const { size } = await stat(file).catch((error) => {
        throw fileError(file, error)
      })
      return Math.ceil((size * (file.endsWith('.gz') ? GZIP_RATIO : 1)) / LINE_BYTES)
    },
    async *read() {
      for await (const { lines, firstLine } of readLineBatches(file)) {
        const events: AssayEvent[] = []
        for (const [index, line] of lines.entries()) {
          if (line !== '' && line !== '\r') events.push(readLine(file, firstLine + index, line, partner))
        }
        yield { events, malformed: 0 }
      }
    }
  }
}

function readLine(file: string, line: number, text: string, partner: FileSourceOptions['partner']): AssayEvent {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new DataError(file, line, 'it is not JSON', cause)
  }
  if (typeof value === 'object' && value !== null && 'refs' in value) {
    const event = readLogEvent(value)
    if (event === undefined) throw new DataError(file, line, 'it is no event as the log has them')
    return event
  }
  const checked = checkInput(value)
  if (!checked.ok) throw new DataError(file, line, describe(checked.problems))
  return toEvent(file, line, checked.value, partner())
}

function toEvent(
  file: string,
  line: number,
  input: EventInput,
  { tenant, edge }: ReturnType<FileSourceOptions['partner']>
): AssayEvent {
  const event = edge.toEvent(tenant, input, '', Number.POSITIVE_INFINITY)
  if ('eventId' in event) return event
  throw new DataError(file, line, describe(event))
}

function describe(problems: readonly { readonly field: string; readonly problem: string }[]): string {
  return problems.map(({ field, problem }) => `${field} ${problem}`).join('; ')
}
