import { accessSync, constants } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type ParseArgsConfig, parseArgs } from 'node:util'

/** What is wrong with the command line: told with the usage, exit code 2. */
export class OptionError extends Error {}

/** Ended by a signal: exit code 130. */
export class Interrupted extends Error {}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs the program behind a command and tells what it throws in a line, with the usage where the call was wrong. */
export async function runProgram(name: string, usage: string, main: (args: string[]) => Promise<void>): Promise<void> {
  try {
    await main(process.argv.slice(2))
  } catch (error) {
    const isUsage = error instanceof OptionError
    process.stderr.write(
      `${name}: ${error instanceof Error ? error.message : String(error)}\n${isUsage ? `\n${usage}` : ''}`
    )
    process.exitCode = isUsage ? 2 : error instanceof Interrupted ? 130 : 1
  }
}

/** Aborted when a signal asks the program to end, which it then does by itself. */
export function untilInterrupted(): AbortSignal {
  const interruption = new AbortController()
  for (const name of SIGNALS) process.on(name, () => interruption.abort(new Interrupted(`ended by ${name}`)))
  return interruption.signal
}

/** As parseArgs, strict. @throws OptionError */
export function parseStrictly<const Config extends ParseArgsConfig>(
  config: Config
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config)
  } catch (cause) {
    throw new OptionError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** The whole number that an option has, from `minimum` to `maximum`. @throws OptionError */
export function whole(name: string, text: string, minimum: number, maximum: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value
  throw new OptionError(`${name} takes whole numbers from ${minimum} to ${maximum}; ${JSON.stringify(text)} is none`)
}

/** @throws OptionError */
export function oneOf<Value extends string>(name: string, text: string, values: readonly Value[]): Value {
  const found = values.find((value) => value === text)
  if (found !== undefined) return found
  throw new OptionError(`${name} takes ${values.join(' or ')}; not ${JSON.stringify(text)}`)
}

/** Before the minutes that a run takes, not after them. @throws OptionError */
export function assertWritable(file: string): void {
  try {
    accessSync(dirname(resolve(file)), constants.W_OK)
  } catch (cause) {
    throw new OptionError(`${file} cannot be written`, { cause })
  }
}
