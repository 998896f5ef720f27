import { type DestinationStream, type LogFn, type Logger, pino } from 'pino'

/**
 * Fields that may be logged. A list of what is allowed, because a list of what is not leaks what it forgot: pino’s own
 * redaction missed six of eight probes (reliability reference, V1). None of these can hold a person’s identifier.
 */
export const LOGGED_FIELDS = [
  'process',
  'code',
  'status',
  'method',
  'route',
  'requestId',
  'decisionId',
  'tenant',
  'keyId',
  'outcome',
  'partition',
  'count',
  'durationMs',
  'address',
  'model',
  'policy',
  'featureSet',
  'queue',
  'jobId',
  'signal',
  'redis',
  'reason',
  'stack'
] as const
export type LogField = (typeof LOGGED_FIELDS)[number]

const ALLOWED = new Set<string>(LOGGED_FIELDS)

/** Allowed fields with plain values: an object inside could hold anything. */
function allowed(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([field, value]) => ALLOWED.has(field) && (typeof value !== 'object' || value === null)
    )
  )
}

/** One JSON object a line; fields outside LOGGED_FIELDS are dropped. */
export function createLog(name: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { process: name },
    formatters: {
      level: (label: string) => ({ level: label }),
      log: allowed
    },
    // pino would take an error’s message as the line’s own.
    hooks: {
      logMethod(this: Logger, args: Parameters<LogFn>, method: LogFn) {
        const [first, message] = args as [unknown, string?]
        if (first instanceof Error) method.call(this, faultFields(first), message ?? 'fault')
        else method.apply(this, args)
      }
    }
  }
  const log = destination === undefined ? pino(options) : pino(options, destination)
  // pino applies no formatter to the bindings of a child.
  const child = log.child.bind(log)
  return Object.assign(log, { child: (bindings: Record<string, unknown>) => child(allowed(bindings)) })
}

export type { Logger }

/** What may be logged of a fault: its code or class and where it was thrown, not its message, which may quote input. */
export function faultFields(error: unknown): { reason: string; stack?: string } {
  if (!(error instanceof Error)) return { reason: typeof error }
  const coded = (error as { code?: unknown }).code
  // The stack starts with the message, which may itself look like frames.
  const stack = error.stack ?? ''
  const behindMessage = stack.slice(stack.indexOf(error.message) + error.message.length)
  const frames = behindMessage.split('\n').filter((line) => /^ +at .+:\d+:\d+\)?$/.test(line))
  return { reason: typeof coded === 'string' ? coded : error.name, stack: frames.slice(0, 6).join('\n') }
}

/** Kinds of fault that are told apart; one more begins anew. */
const MAX_KINDS = 64

/**
 * Logs the first of a kind of fault, and from then on one line for each `everyMs` in which it came again, with how often: a connection
 * that is refused many times a second for minutes would fill the disk.
 */
export function createRareFaults(
  log: Pick<Logger, 'error'>,
  message: string,
  everyMs: number,
  monotonicMs: () => number
) {
  const kinds = new Map<string, { toldAtMs: number; again: number }>()
  return (error: unknown): void => {
    const fields = faultFields(error)
    const kind = `${fields.reason} ${fields.stack}`
    const nowMs = monotonicMs()
    const known = kinds.get(kind)
    if (known !== undefined && nowMs - known.toldAtMs < everyMs) {
      known.again++
      return
    }
    if (kinds.size >= MAX_KINDS) kinds.clear()
    kinds.set(kind, { toldAtMs: nowMs, again: 0 })
    log.error(known === undefined ? fields : { ...fields, count: known.again + 1 }, message)
  }
}
