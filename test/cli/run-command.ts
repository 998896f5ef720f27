import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { type Command, parseCommandLine } from '../../src/cli/command.ts'
import { describeError } from '../../src/errors.ts'

/** Invented loans of invented people in the columns of SuperLender. */
export const MADE_UP = fileURLToPath(new URL('../fixtures/superlender-made-up', import.meta.url))
/** Real loans that stay outside the repository. */
export const SUPERLENDER = fileURLToPath(new URL('../../../shared/data/superlender', import.meta.url))

/** The same for the other sources: an invented folder of fixtures, a real one outside the repository. */
export const fixtureOf = (source: string) => fileURLToPath(new URL(`../fixtures/${source}-made-up`, import.meta.url))
export const realDataOf = (source: string) => fileURLToPath(new URL(`../../../shared/data/${source}`, import.meta.url))

/** A folder with the made-up tables of a source, some of them replaced. */
export async function copyOf(source: string, tables: Readonly<Record<string, string>>): Promise<string> {
  const folder = await workFolder()
  await cp(fixtureOf(source), folder, { recursive: true })
  for (const [name, text] of Object.entries(tables)) await writeFile(join(folder, `${name}.csv`), text)
  return folder
}

/** The lines of a made-up table, its header first. */
export async function tableOf(source: string, name: string): Promise<string[]> {
  return (await readFile(join(fixtureOf(source), `${name}.csv`), 'utf8')).trimEnd().split('\n')
}

/** One cell of a made-up table replaced; `row` counts from 1 below the header. */
export async function withCell(
  source: string,
  { table, row, column, cell, delimiter = ',' }: CellChange
): Promise<string> {
  const lines = await tableOf(source, table)
  const names = (lines[0] ?? '').replaceAll('"', '').split(delimiter)
  const cells = (lines[row] ?? '').split(delimiter)
  cells[names.indexOf(column)] = cell
  return copyOf(source, { [table]: lines.with(row, cells.join(delimiter)).join('\n') })
}

interface CellChange {
  readonly table: string
  readonly row: number
  readonly column: string
  readonly cell: string
  readonly delimiter?: string
}

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

export const TWO_APPROVERS = ['--approver', 'Ada Obi', '--approver', 'Ben Wu']

/** What a command prints; its refusal where it refuses; its exit code beside, which is not that of the tests. */
export async function runOrRefuse(
  command: Command,
  args: readonly string[],
  env: Record<string, string> = {}
): Promise<{ lines: string[]; exitCode: number; refusal?: string }> {
  const lines: string[] = []
  const before = process.exitCode
  process.exitCode = 0
  try {
    const print = (line: string) => void lines.push(line)
    await command.run({ ...parseCommandLine(command, args), env, print, progress: () => {} })
    return { lines, exitCode: Number(process.exitCode) }
  } catch (error) {
    return { lines, exitCode: 1, refusal: describeError(error) }
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
