import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { policyCommand } from '../../src/cli/policy.ts'
import { readLines, runOrRefuse } from './run-command.ts'

/** assay policy on this folder. */
export const policy = (folder: URL, args: readonly string[], env: Record<string, string> = {}) =>
  runOrRefuse(policyCommand, [...args, '--policies', fileURLToPath(folder)], env)

export const activeOf = async (folder: URL) => JSON.parse(await readFile(new URL('active.json', folder), 'utf8'))
export const historyOf = (folder: URL) => readLines<object>(fileURLToPath(new URL('history.ndjson', folder)))
