import { setTimeout as sleep } from 'node:timers/promises'
import { describeExit } from './child.mjs'

const FIRST_PAUSE_MS = 250
const LIMIT = 5
const WINDOW_MS = 60_000

/**
 * Keeps one process running: starts it again when it ends unasked, after a pause that doubles, and gives up at the
 * sixth end within a minute.
 *
 * `start` returns a handle or a promise of one: { pid, exited, stop(), kill() }. Until `trust()` is called an end is
 * not repaired but reported through `early`: a process that cannot start at all needs a reader, not a retry.
 *
 * `restarts` is for who ends processes on purpose: { firstPauseMs, longestPauseMs, perMinute }, Infinity for no limit.
 */
export async function supervise({ name, start, report, onGiveUp, restarts = {} }) {
  const { firstPauseMs = FIRST_PAUSE_MS, longestPauseMs = Number.POSITIVE_INFINITY, perMinute = LIMIT } = restarts
  let handle = await start()
  let stopping = false
  let trusted = false
  let killed = false
  let restarting = null
  let ends = []
  let endedEarly
  const early = new Promise((resolve) => {
    endedEarly = resolve
  })
  watch()

  function watch() {
    const watched = handle
    watched.exited.then(async (how) => {
      if (!trusted) endedEarly(how)
      if (!trusted || stopping) return
      const now = Date.now()
      ends = [...ends.filter((at) => at > now - WINDOW_MS), now]
      report(`${name} ${describeExit(how)}`)
      if (ends.length > perMinute) return onGiveUp(`${name} ended ${ends.length} times within a minute`)
      await sleep(Math.min(longestPauseMs, firstPauseMs * 2 ** (ends.length - 1)))
      if (stopping) return
      restarting = restart()
      await restarting
    })
  }

  async function restart() {
    try {
      handle = await start()
    } catch (error) {
      return onGiveUp(`${name} could not be started again: ${error.message}`)
    }
    // The end may have been asked for while it was starting, when only its predecessor could be reached.
    if (killed) return handle.kill()
    if (stopping) return
    report(`${name} runs again (process ${handle.pid})`)
    watch()
  }

  return {
    name,
    early,
    trust() {
      trusted = true
    },
    async stop() {
      stopping = true
      await restarting
      return handle.stop()
    },
    kill() {
      stopping = true
      killed = true
      handle.kill()
    }
  }
}
