import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from './problem.mjs'

const POLL_MS = 100

/** False too for a process that has ended and only waits to be noticed, which in a container can take a while. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error.code !== 'EPERM') return false
  }
  return statOf(pid)?.[0] !== 'Z'
}

/**
 * A pid with the time its process began, as the kernel counts it: after a reboot or a long day the bare pid may
 * belong to a stranger. Without /proc (macOS) the pid has to do.
 */
function processMark(pid) {
  const stat = statOf(pid)
  return stat ? `${pid} ${stat[19]}` : `${pid}`
}

/** The fields of /proc/<pid>/stat from the state on; the name before them may hold anything. */
function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

/** The pid that holds the lock file, or null when it is free or its owner is gone. */
export function lockHolder(path) {
  try {
    const mark = readFileSync(path, 'utf8').trim()
    const pid = Number.parseInt(mark, 10)
    return isAlive(pid) && processMark(pid) === mark ? pid : null
  } catch {
    return null
  }
}

/** Takes the lock and returns its release, or null when a living process has it. */
export function tryLock(path) {
  mkdirSync(dirname(path), { recursive: true })
  const claim = `${path}.${process.pid}`
  writeFileSync(claim, processMark(process.pid))
  try {
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        // A link appears with its content already inside, so nobody reads a lock without an owner.
        linkSync(claim, path)
        return () => rmSync(path, { force: true })
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
        if (lockHolder(path) !== null || !removeStale(path)) return null
      }
    }
    return null
  } finally {
    rmSync(claim, { force: true })
  }
}

/**
 * Moves a dead owner's lock away before deleting it: between our look and our hand somebody else may have taken the
 * lock, and a plain delete would then free theirs.
 */
function removeStale(path) {
  const aside = `${path}.${process.pid}.stale`
  try {
    renameSync(path, aside)
    if (lockHolder(aside) === null) return true
    linkSync(aside, path)
    return false
  } catch (error) {
    return error.code === 'ENOENT'
  } finally {
    rmSync(aside, { force: true })
  }
}

/** Runs `work` with nobody else inside the same lock; waits for the other launcher to finish first. */
export async function withLock(path, work, { deadlineMs = 600_000, onWait = () => {} } = {}) {
  const giveUpAt = Date.now() + deadlineMs
  let release = tryLock(path)
  if (release === null) onWait(lockHolder(path))
  while (release === null) {
    if (Date.now() > giveUpAt) throw new Problem(`Process ${lockHolder(path)} still holds ${path}.`)
    await sleep(POLL_MS)
    release = tryLock(path)
  }
  try {
    return await work()
  } finally {
    release()
  }
}
