import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { SERVICES } from '../../launcher/stack.mjs'
import { type Instruction, instructionsOf } from './image/dockerfile.ts'

const ROOT = new URL('../../', import.meta.url)

const ALL: readonly Instruction[] = instructionsOf(readFileSync(new URL('Dockerfile', ROOT), 'utf8'))
const LAST_STAGE = ALL.slice(ALL.findLastIndex(({ name }) => name === 'FROM'))
const valuesOf = (name: string, from: readonly Instruction[] = ALL) =>
  from.flatMap((instruction) => (instruction.name === name ? [instruction.value] : []))
/** What is copied from the checkout, by stage-free COPY lines. */
const COPIED = valuesOf('COPY')
  .filter((value) => !value.startsWith('--from'))
  .flatMap((value) => value.split(' ').slice(0, -1))

describe('the Dockerfile', () => {
  test('has two stages on the same Node, whose registry is left to whoever builds', () => {
    const bases = valuesOf('FROM').map((value) => value.split(' ')[0])
    expect(bases).toEqual(['node:24-bookworm-slim', 'node:24-bookworm-slim'])
    expect(readFileSync(new URL('Dockerfile', ROOT), 'utf8')).not.toMatch(/https?:\/\/(?!127\.0\.0\.1)/)
  })

  test('installs from the lock without development tools, optional packages and install scripts', () => {
    const install = valuesOf('RUN').find((value) => value.includes('npm ci'))
    for (const flag of ['--omit=dev', '--omit=optional', '--ignore-scripts']) expect(install).toContain(flag)
  })

  test('copies only what exists, and never the whole checkout', () => {
    expect(COPIED).not.toContain('.')
    for (const path of COPIED) expect(existsSync(new URL(path, ROOT)), path).toBe(true)
    for (const path of valuesOf('COPY', LAST_STAGE)) expect(path).not.toMatch(/test|launcher|\.env/)
  })

  test('runs as a user without rights, who owns nothing but the compile cache', () => {
    expect(valuesOf('USER', LAST_STAGE)).toEqual(['node'])
    const after = LAST_STAGE.slice(LAST_STAGE.findIndex(({ name }) => name === 'USER'))
    expect(valuesOf('COPY', after)).toEqual([])
    expect(valuesOf('RUN', LAST_STAGE).filter((value) => /chown|chmod/.test(value))).toEqual([
      'mkdir -p .cache/compile && chown -R node:node .cache'
    ])
  })

  test('tells whether the process is alive without a tool that the image would have to bring', () => {
    const [check = ''] = valuesOf('HEALTHCHECK', LAST_STAGE)
    expect(check).toContain('/healthz')
    expect(check).toContain('OPS_PORT')
    expect(check).not.toMatch(/curl|wget/)
    const argv = JSON.parse(check.slice(check.indexOf('['))) as string[]
    expect(argv.slice(0, 2)).toEqual(['node', '-e'])
    expect(() => new Function(argv[2] ?? '')).not.toThrow()
  })

  test('starts the gateway, and names programs that exist', () => {
    const gateway = SERVICES[0]
    expect(valuesOf('CMD').map((argv) => JSON.parse(argv))).toEqual([
      ['node', ...(gateway?.nodeArgs ?? []), gateway?.entry]
    ])
    for (const path of ['src/main.ts', 'workers/ingest.ts', 'workers/monitor.ts']) {
      expect(existsSync(new URL(path, ROOT)), path).toBe(true)
    }
  })
})

describe('.dockerignore', () => {
  const lines = readFileSync(new URL('.dockerignore', ROOT), 'utf8').split('\n')
  const rules = lines.filter((line) => line !== '' && !line.startsWith('#'))

  test('lets in what the Dockerfile copies and nothing else', () => {
    expect(rules[0]).toBe('*')
    const allowed = rules.flatMap((rule) => (rule.startsWith('!') ? [rule.slice(1)] : []))
    expect(allowed.sort()).toEqual([...new Set(COPIED)].sort())
  })

  test('keeps out how models are trained', () => {
    expect(rules.at(-1)).toBe('models/training')
  })
})
