import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Problem } from './problem.mjs'

const TOKEN_KEY_PATTERN = /^[0-9a-f]{64}$/i

/** Writes JSON that only its owner may read; whoever reads sees the old file or the new one, never a part. */
export function writePrivateJson(path, value) {
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}.tmp`
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  renameSync(draft, path)
}

export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

/**
 * The secrets of a developer's own stack. The token key must stay the same between starts, or tokens already stored
 * would no longer match the people they stand for; TOKEN_KEY in the environment wins.
 */
export function openSecrets({ dataDir, env }) {
  const path = join(dataDir, 'dev-secrets.json')
  const kept = readJson(path) ?? {}
  const given = env.TOKEN_KEY
  if (given && !TOKEN_KEY_PATTERN.test(given)) throw new Problem('TOKEN_KEY must be 64 hexadecimal characters.')
  const secrets = { tokenKey: kept.tokenKey ?? randomBytes(32).toString('hex'), apiKey: kept.apiKey ?? null }
  writePrivateJson(path, secrets)
  return {
    tokenKey: given ?? secrets.tokenKey,
    apiKey: secrets.apiKey,
    keepApiKey(apiKey) {
      writePrivateJson(path, { ...secrets, apiKey })
    }
  }
}
