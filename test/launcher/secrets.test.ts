import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSecrets } from '../../launcher/secrets.mjs'

let dataDir: string
let file: string

beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), 'assay-secrets-')), 'data')
  file = join(dataDir, 'dev-secrets.json')
})
afterEach(() => rm(join(dataDir, '..'), { recursive: true, force: true }))

const mode = async (): Promise<number> => (await stat(file)).mode & 0o777

test('the token key is made once, 64 hexadecimal characters, and stays the same', () => {
  const first = openSecrets({ dataDir, env: {} })
  expect(first.tokenKey).toMatch(/^[0-9a-f]{64}$/)
  expect(openSecrets({ dataDir, env: {} }).tokenKey).toBe(first.tokenKey)
})

test('the file is readable by its owner only, also when it was not before', async () => {
  openSecrets({ dataDir, env: {} })
  expect(await mode()).toBe(0o600)
  await rm(file)
  await writeFile(file, '{"tokenKey":"old"}', { mode: 0o644 })
  openSecrets({ dataDir, env: {} }).keepApiKey('ak_1')
  expect(await mode()).toBe(0o600)
})

test('TOKEN_KEY wins for this run and is not written down', async () => {
  const given = 'ab'.repeat(32)
  expect(openSecrets({ dataDir, env: { TOKEN_KEY: given } }).tokenKey).toBe(given)
  expect(await readFile(file, 'utf8')).not.toContain(given)
})

test('a TOKEN_KEY that is not one is refused', () => {
  expect(() => openSecrets({ dataDir, env: { TOKEN_KEY: 'secret' } })).toThrow('must be 64 hexadecimal characters')
})

test('the development key is remembered', () => {
  openSecrets({ dataDir, env: {} }).keepApiKey('ak_1')
  expect(openSecrets({ dataDir, env: {} }).apiKey).toBe('ak_1')
})
