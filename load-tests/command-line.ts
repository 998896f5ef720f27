import { accessSync, constants } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type ParseArgsConfig, parseArgs } from 'node:util'

/** What is wrong with the command line: told with the usage, exit code 2. */
export class OptionError extends Error {}

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
