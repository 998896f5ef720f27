import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { CACHE_DIR } from './paths.mjs'
import { Problem, say } from './problem.mjs'
import { unpackedServer, unpackRedis } from './redis-package.mjs'
import { askRedis, safeUrl } from './redis-wire.mjs'

// Redis Functions and XAUTOCLAIM's third reply came with 7.0.
const MINIMUM_MAJOR = 7

/** The version in `redis-server --version` or in INFO; Valkey's redis_version is the Redis it stands in for. */
export function parseVersion(text) {
  return text.match(/(?:\bv=|redis_version:)(\d+\.\d+\.\d+)/)?.[1] ?? null
}

export function isNewEnough(version) {
  return Number.parseInt(version ?? '', 10) >= MINIMUM_MAJOR
}

/**
 * The Redis to use: `{ url, version }` for the one REDIS_URL names, else `{ server }` to start privately. A REDIS_URL
 * that does not do is an error and never a reason to look further: the user meant that one.
 */
export async function resolveRedis({ env = process.env, ...options } = {}) {
  if (env.REDIS_URL) return { url: env.REDIS_URL, version: await checkUrl(env.REDIS_URL) }
  return { server: await resolveRedisServer({ env, ...options }) }
}

async function checkUrl(url) {
  let version
  try {
    const [info] = await askRedis(url, [['INFO', 'server']])
    version = parseVersion(info)
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem(`REDIS_URL names ${safeUrl(url)}, which cannot be used: ${error.message || error.code}`)
  }
  if (isNewEnough(version)) return version
  throw new Problem(`REDIS_URL names ${safeUrl(url)}, which is Redis ${version ?? '?'}; Assay needs 7.0 or newer.`)
}

/**
 * A server program of version 7 or newer: from the PATH, else Debian's package unpacked privately. A launcher passes
 * what it found to the processes it starts in ASSAY_REDIS_SERVER, so that they need not search again.
 */
export async function resolveRedisServer({ env = process.env, cacheDir = CACHE_DIR } = {}) {
  if (env.ASSAY_REDIS_SERVER) return JSON.parse(env.ASSAY_REDIS_SERVER)
  const tried = [env.REDIS_URL ? 'REDIS_URL: names a running Redis, but one to start is needed' : 'REDIS_URL: not set']
  for (const name of ['redis-server', 'valkey-server']) {
    const command = onPath(name, env)
    const version = command && (await versionOf({ command, env: {} }, env))
    if (isNewEnough(version)) return { command, env: {}, version, source: command }
    tried.push(`${name} on the PATH: ${command ? `${command} is version ${version ?? '?'}, below 7.0` : 'not found'}`)
  }
  const dir = join(cacheDir, 'redis')
  try {
    return await unpackedRedis(dir, env)
  } catch (error) {
    tried.push(`the Debian or Ubuntu package, unpacked into ${dir}: ${error.message}`)
  }
  throw new Problem(noRedisMessage(tried))
}

async function unpackedRedis(dir, env) {
  const isUsable = async (server) => isNewEnough(await versionOf(server, env))
  if (!(await isUsable(unpackedServer(dir)))) {
    const [apt, dpkgDeb] = ['apt-get', 'dpkg-deb'].map((name) => onPath(name, env))
    if (!apt || !dpkgDeb) throw new Error(`${apt ? 'dpkg-deb' : 'apt-get'} is not on the PATH`)
    say(`No Redis here: unpacking Debian's package into ${dir}, once …`)
    await unpackRedis({ dir, apt, dpkgDeb, env, isUsable })
  }
  const server = unpackedServer(dir)
  const version = await versionOf(server, env)
  if (isNewEnough(version)) return { ...server, version, source: dir }
  throw new Error(version ? `it is version ${version}, below 7.0` : 'the unpacked server does not run on this machine')
}

function onPath(name, env) {
  for (const dir of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    try {
      accessSync(join(dir, name), constants.X_OK)
      return join(dir, name)
    } catch {
      // Not in this directory.
    }
  }
  return null
}

async function versionOf(server, env) {
  try {
    const { stdout } = await promisify(execFile)(server.command, ['--version'], { env: { ...env, ...server.env } })
    return parseVersion(stdout)
  } catch {
    return null
  }
}

function noRedisMessage(tried) {
  return `Assay needs Redis 7.0 or newer and could not get one. Tried:
${tried.map((line) => `  - ${line}`).join('\n')}
Any one of these helps:
  1. REDIS_URL=redis://127.0.0.1:6379   set it, to use a Redis that already runs
  2. apt-get install redis-server       on Debian or Ubuntu
  3. brew install redis                 on macOS
  4. docker run -p 6379:6379 redis:7    and then REDIS_URL as in 1`
}
