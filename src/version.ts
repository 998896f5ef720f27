import { readFileSync } from 'node:fs'

/** The version of package.json, where it is kept. */
export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}
