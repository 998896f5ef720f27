import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const STOP_DEADLINE_MS = 8000

/**
 * Starts one process of the program under the pinned Node, its output going to its log file.
 *
 * The channel to it carries no messages. It is there to break: when this launcher dies, however it dies, the process
 * sees 'disconnect' and must shut down in order, as on SIGTERM.
 *
 * @param {{ node: string, nodeArgs?: readonly string[], entry: string, args?: readonly string[], cwd: string,
 *   env: NodeJS.ProcessEnv, log: string }} command
 */
export function launchNode({ node, nodeArgs = [], entry, args = [], cwd, env, log }) {
  const fd = openSync(log, 'a')
  const child = spawn(node, [...nodeArgs, entry, ...args], {
    cwd,
    env,
    stdio: ['ignore', fd, fd, 'ipc'],
    // A group of its own: Ctrl-C in a terminal signals its whole group at once, which would take the processes down in
    // any order, and with npm in between twice. Only we signal them.
    detached: true
  })
  closeSync(fd)
  const exited = new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }))
    child.on('error', (error) => resolve({ code: null, signal: null, error }))
  })
  return { pid: child.pid, exited, stop: () => stop(child, exited), kill: () => killGroup(child) }
}

/** How a process ended, in words. */
export function describeExit({ code, signal, error }) {
  if (error) return `could not be started: ${error.message}`
  return signal ? `was killed by ${signal}` : `exited with code ${code}`
}

async function stop(child, exited) {
  child.kill('SIGTERM')
  const inTime = await Promise.race([exited.then(() => true), sleep(STOP_DEADLINE_MS, false, { ref: false })])
  if (!inTime) killGroup(child)
  await exited
  return inTime
}

function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Already gone.
  }
}
