import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseCommandLine } from '../../src/cli/command.ts'
import { policyCommand } from '../../src/cli/policy.ts'
import { describeError } from '../../src/errors.ts'
import { readLines } from './run-command.ts'

export const TWO = ['--approver', 'Ada Obi', '--approver', 'Ben Wu']

/** What the command prints; its refusal where it refuses; its exit code beside. */
export async function policy(
  folder: URL,
  args: readonly string[],
  env: Record<string, string> = {}
): Promise<{ lines: string[]; exitCode: number; refusal?: string }> {
  const lines: string[] = []
  const before = process.exitCode
  process.exitCode = 0
  try {
    await policyCommand.run({
      ...parseCommandLine(policyCommand, [...args, '--policies', fileURLToPath(folder)]),
      env,
      print: (line) => void lines.push(line),
      progress: () => {}
    })
    return { lines, exitCode: Number(process.exitCode) }
  } catch (error) {
    return { lines, exitCode: 1, refusal: describeError(error) }
  } finally {
    process.exitCode = before
  }
}

export const activeOf = async (folder: URL) => JSON.parse(await readFile(new URL('active.json', folder), 'utf8'))
export const historyOf = (folder: URL) => readLines<object>(fileURLToPath(new URL('history.ndjson', folder)))
