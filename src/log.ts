import { type DestinationStream, type Logger, pino } from 'pino'

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

/** One JSON object a line; fields outside LOGGED_FIELDS are dropped. */
export function createLog(name: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { process: name },
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) =>
        Object.fromEntries(Object.entries(fields).filter(([field]) => ALLOWED.has(field)))
    }
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}

export type { Logger }

/** What may be logged of a fault: its code or class and where it was thrown, not its message, which may quote input. */
export function faultFields(error: unknown): { reason: string; stack?: string } {
  if (!(error instanceof Error)) return { reason: typeof error }
  const coded = (error as { code?: unknown }).code
  const frames = (error.stack ?? '')
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .slice(0, 6)
  return { reason: typeof coded === 'string' ? coded : error.name, stack: frames.join('\n') }
}
