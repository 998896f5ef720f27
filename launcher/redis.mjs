import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './ports.mjs'
import { Problem } from './problem.mjs'
import { resolveRedisServer } from './redis-server.mjs'
import { askRedis } from './redis-wire.mjs'

export { resolveRedis, resolveRedisServer } from './redis-server.mjs'

// A cold start answers within 30 ms. While Redis says that it is loading its log, the time does not count.
const READY_DEADLINE_MS = 30_000
const STOP_DEADLINE_MS = 8000
const POLL_MS = 10

const SETTINGS = {
  bind: '127.0.0.1',
  daemonize: 'no',
  appendonly: 'yes',
  // An answer leaves Redis after its write is on the disk (docs/decisions/0012-every-write-on-disk.md).
  appendfsync: 'always',
  save: '',
  // Rewriting the log forks and keeps a core busy for seconds: a decision in that time waited 30 ms instead of 3. It begins
  // later than by default (64 MB); a gigabyte is read back in some five seconds.
  'auto-aof-rewrite-min-size': '1gb',
  'maxmemory-policy': 'noeviction'
}

// Redis cannot watch the process that started it. This shell does: its standard input is a pipe that only we hold. A
// line on it means stop; its end means that we died, even by kill -9, and then the processes that use this Redis get
// three seconds to finish before it goes too.
const GUARD = `exec 3<&0
"$@" 3<&- </dev/null &
redis=$!
{ read -r _ <&3 || sleep 3; kill -TERM $redis; sleep 5; kill -KILL $redis; } >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait $redis
code=$?
kill $watch 2>/dev/null
exit $code`

/**
 * Starts a Redis of our own in `dir` on a loopback port and waits until it answers.
 *
 * It keeps an append-only log and never evicts, as in production. stop() ends it in order; it also ends, by itself,
 * when this process does.
 */
export async function startPrivateRedis({ dir, port, server, extraArgs = [], logFile, env = process.env }) {
  const program = server ?? (await resolveRedisServer({ env }))
  mkdirSync(dir, { recursive: true })
  const log = logFile ?? join(dir, 'redis.log')
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch({ dir: realpathSync(dir), port: port ?? (await freePort()), program, extraArgs, log, env })
    } catch (error) {
      // Between our look at a free port and its use somebody else may take it; only our own choice may be changed.
      if (port !== undefined || attempt === 3 || !/already in use/.test(error.message)) throw error
    }
  }
}

async function launch({ dir, port, program, extraArgs, log, env }) {
  const fd = openSync(log, 'w', 0o600)
  const settings = Object.entries({ ...SETTINGS, port, dir }).flatMap(([name, value]) => [`--${name}`, String(value)])
  const guard = spawn('/bin/sh', ['-c', GUARD, 'redis-guard', program.command, ...settings, ...extraArgs], {
    env: { ...env, ...program.env },
    stdio: ['pipe', fd, fd],
    // A group of its own: Ctrl-C reaches every process of the terminal's group at once, and Redis must go last.
    detached: true
  })
  closeSync(fd)
  guard.stdin.on('error', () => {})
  const exited = new Promise((resolve) => {
    guard.on('exit', (code, signal) => resolve({ code, signal }))
    guard.on('error', (error) => resolve({ code: null, signal: null, error }))
  })
  const url = `redis://127.0.0.1:${port}`
  try {
    const pid = await waitForAnswer({ url, dir, exited, log })
    return handle({ url, port, pid, dir, guard, exited })
  } catch (error) {
    killGroup(guard)
    throw error
  }
}

function handle({ url, port, pid, dir, guard, exited }) {
  let gone = false
  exited.then(() => {
    gone = true
  })
  const kill = () => killGroup(guard)
  const stop = async () => {
    if (!gone) guard.stdin.end('stop\n')
    if (!(await within(exited, STOP_DEADLINE_MS))) kill()
    await exited
  }
  return { url, port, pid, dir, exited, stop, kill }
}

async function waitForAnswer({ url, dir, exited, log }) {
  let giveUpAt = Date.now() + READY_DEADLINE_MS
  let ended = null
  exited.then((how) => {
    ended = how
  })
  let last = 'no answer'
  while (Date.now() < giveUpAt) {
    if (ended) throw new Problem(`Redis ended before it was ready (code ${ended.code}):\n${lastLines(log)}`)
    try {
      const [info, where] = await askRedis(url, [['INFO', 'server'], ['CONFIG', 'GET', 'dir'], ['PING']])
      // Another program's Redis may have been faster on this port; ours is the one in our directory.
      if (where[1] === dir) return Number(info.match(/process_id:(\d+)/)?.[1])
      last = `another Redis answers on ${url}`
    } catch (error) {
      last = error.message
      if (last.startsWith('LOADING')) giveUpAt = Date.now() + READY_DEADLINE_MS
    }
    await sleep(POLL_MS)
  }
  throw new Problem(`Redis was not ready within ${READY_DEADLINE_MS / 1000} s: ${last}\n${lastLines(log)}`)
}

function killGroup(guard) {
  try {
    process.kill(-guard.pid, 'SIGKILL')
  } catch {
    // Already gone.
  }
}

/** True when the promise settled in time; the timer is unreferenced so that it never holds the process. */
async function within(promise, ms) {
  return Promise.race([promise.then(() => true), sleep(ms, false, { ref: false })])
}

function lastLines(path) {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').slice(-5).join('\n')
  } catch {
    return ''
  }
}
