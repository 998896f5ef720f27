import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

/** One command of bin/assay. Each lives in a file of its own and is listed in main.ts. */
export interface Command {
  readonly name: string
  readonly summary: string
  /** Shown by --help: the call, then what each option means. */
  readonly usage: string
  readonly options: ParseArgsOptionsConfig
  readonly run: (args: CommandArgs) => Promise<void>
}

export interface CommandArgs {
  readonly positionals: readonly string[]
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** One line on stdout: results. Progress and errors go to stderr. */
  readonly print: (line: string) => void
  readonly progress: (line: string) => void
}

/** A call that cannot be carried out as written: exit code 2 and the usage. */
export class UsageError extends Error {}

export function parseCommandLine(
  command: Command,
  args: readonly string[]
): Pick<CommandArgs, 'positionals' | 'values'> {
  try {
    return parseArgs({ args: [...args], options: command.options, allowPositionals: true, strict: true })
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** The value of a required option. */
export function required(values: CommandArgs['values'], name: string): string {
  const value = values[name]
  if (typeof value !== 'string' || value === '') throw new UsageError(`--${name} is required`)
  return value
}

/** A path as the caller wrote it: bin/assay tells from where. */
export function callerPath(path: string, env: CommandArgs['env']): string {
  const base = env.ASSAY_CALLER_CWD ?? process.cwd()
  return path.startsWith('/') ? path : `${base}/${path}`
}

export function isUsageError(error: unknown): error is UsageError {
  return error instanceof UsageError
}
