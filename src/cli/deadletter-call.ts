import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { parseStrictJson } from '../edge/strict-json.ts'
import { AssayError } from '../errors.ts'
import type { Correction } from '../inbox/correct.ts'
import type { DeadLetters, StoredLetter } from '../inbox/dead-letters.ts'
import type { Letter } from '../inbox/letter.ts'
import type { Keys } from '../redis/keys.ts'
import { type CommandArgs, callerPath, UsageError } from './command.ts'
import { DataError, fileError } from './data-error.ts'
import { listOf, wholeNumber } from './option-values.ts'

/** A call of bin/assay deadletter with what it works on. */
export interface DeadLetterCall extends CommandArgs {
  readonly redis: Redis
  readonly keys: Keys
  /** The letter that is named; empty for an action on many. */
  readonly id: string
}

export const DEFAULT_LIMIT = 50
const MAX_LIMIT = 9_999_999

export function limitOf({ values }: CommandArgs): number {
  return wholeNumber(values, 'limit', { from: 1, to: MAX_LIMIT, fallback: DEFAULT_LIMIT })
}

/** What --tenant, --set, --unset and --event ask for. */
export function correctionOf({ values, env }: CommandArgs): Correction {
  const set = listOf(values, 'set').map((assignment) => {
    const at = assignment.indexOf('=')
    if (at < 1 || !assignment.startsWith('/')) throw new UsageError('--set takes /POINTER=VALUE')
    return { pointer: assignment.slice(0, at), text: assignment.slice(at + 1) }
  })
  const unset = listOf(values, 'unset')
  if (unset.some((pointer) => !pointer.startsWith('/'))) throw new UsageError('--unset takes a /POINTER')
  const tenant = values.tenant as string | undefined
  const file = values.event as string | undefined
  if (set.length + unset.length === 0 && tenant === undefined && file === undefined) {
    throw new UsageError('deadletter fix needs --set, --unset, --event or --tenant')
  }
  return { tenant, set, unset, ...(file !== undefined && { event: readEvent(callerPath(file, env)) }) }
}

function readEvent(file: string): unknown {
  try {
    return parseStrictJson(readFileSync(file, 'utf8'))
  } catch (error) {
    throw error instanceof AssayError ? new DataError(file, undefined, error.message) : fileError(file, error)
  }
}

export async function findStored(letters: DeadLetters, id: string): Promise<StoredLetter> {
  const stored = /^\d{1,16}-\d{1,16}$/.test(id) ? await letters.find(id) : undefined
  if (stored === undefined) throw noLetter(id)
  return stored
}

export async function findLetter(
  letters: DeadLetters,
  id: string
): Promise<StoredLetter & { readonly letter: Letter }> {
  const { letter } = await findStored(letters, id)
  if (letter === undefined) throw new Error(`${id} is not readable: something else wrote it; drop it`)
  return { id, letter }
}

export function noLetter(id: string): Error {
  return new Error(`there is no dead letter ${id.slice(0, 40)}`)
}
