import { realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, lockHolder, tryLock } from './lock.mjs'
import { Problem, say } from './problem.mjs'
import { askRedis } from './redis-wire.mjs'
import { readJson, writePrivateJson } from './secrets.mjs'

const STALE_DEADLINE_MS = 8000

const runtimePath = (dataDir) => join(dataDir, 'runtime.json')
const lockPath = (dataDir) => join(dataDir, 'start.lock')

/** What runs from this data directory now ({ redisUrl, apiUrl, opsUrls, pids, startedAt }), or null. */
export function runningStack(dataDir) {
  if (lockHolder(lockPath(dataDir)) === null) return null
  const runtime = readJson(runtimePath(dataDir))
  return runtime?.apiUrl ? runtime : null
}

/**
 * Claims the data directory for one launcher: two Redis servers on the same append-only log would ruin it. The file
 * tells bin/assay where the stack is, and the next start which Redis it may have to put away.
 */
export async function claimDataDir(dataDir) {
  const release = tryLock(lockPath(dataDir))
  if (release === null) {
    const { apiUrl } = runningStack(dataDir) ?? {}
    const where = `${apiUrl ? ` at ${apiUrl}` : ''} (process ${lockHolder(lockPath(dataDir))})`
    throw new Problem(`Assay is running already${where}. Stop it there with Ctrl-C.`)
  }
  const close = () => {
    rmSync(runtimePath(dataDir), { force: true })
    release()
  }
  try {
    await stopStaleRedis(dataDir)
  } catch (error) {
    close()
    throw error
  }
  return { write: (runtime) => writePrivateJson(runtimePath(dataDir), runtime), close }
}

/** Ends a Redis that outlived its launcher, if it is beyond doubt ours: same process, same directory. */
async function stopStaleRedis(dataDir) {
  const { redisUrl, pids } = readJson(runtimePath(dataDir)) ?? {}
  const pid = pids?.redis
  if (!pid || !isAlive(pid) || !(await isOurs(redisUrl, pid, join(dataDir, 'redis')))) return
  say(`Stopping the Redis that an earlier run left behind (process ${pid}) …`)
  process.kill(pid, 'SIGTERM')
  for (const giveUpAt = Date.now() + STALE_DEADLINE_MS; isAlive(pid) && Date.now() < giveUpAt; ) await sleep(50)
  if (isAlive(pid)) process.kill(pid, 'SIGKILL')
}

async function isOurs(redisUrl, pid, dir) {
  try {
    const [where, info] = await askRedis(redisUrl, [
      ['CONFIG', 'GET', 'dir'],
      ['INFO', 'server']
    ])
    return where[1] === realpathSync(dir) && info.includes(`process_id:${pid}\r`)
  } catch {
    return false
  }
}
