import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { type Command, parseCommandLine } from '../../src/cli/command.ts'

/** Invented loans of invented people in the columns of SuperLender. */
export const MADE_UP = fileURLToPath(new URL('../fixtures/superlender-made-up', import.meta.url))
/** Real loans that stay outside the repository. */
export const SUPERLENDER = fileURLToPath(new URL('../../../shared/data/superlender', import.meta.url))

/** Runs a command as its command line would and gives back the JSON of its last line. */
export async function runCommand(command: Command, ...args: string[]): Promise<Record<string, unknown>> {
  const lines: string[] = []
  const print = (line: string) => void lines.push(line)
  await command.run({ ...parseCommandLine(command, args), env: {}, print, progress: () => {} })
  return JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>
}

/** Runs a command against a Redis and gives back all that it wrote; its exit code is not that of the tests. */
export async function runOnRedis(
  command: Command,
  env: Record<string, string>,
  ...args: string[]
): Promise<{ summary: Record<string, unknown>; exitCode: number; output: string }> {
  const [lines, all]: [string[], string[]] = [[], []]
  const before = process.exitCode
  process.exitCode = 0
  try {
    await command.run({
      ...parseCommandLine(command, args),
      env,
      print: (line) => {
        lines.push(line)
        all.push(line)
      },
      progress: (line) => void all.push(line)
    })
    const summary = JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>
    return { summary, exitCode: Number(process.exitCode), output: all.join('\n') }
  } finally {
    process.exitCode = before
  }
}

export async function workFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export async function readLines<Line>(file: string): Promise<Line[]> {
  const lines = (await readFile(file, 'utf8')).split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line)
}
