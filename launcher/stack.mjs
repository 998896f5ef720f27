import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describeExit, launchNode } from './child.mjs'
import { followErrors, lastLines, newLog } from './logs.mjs'
import { nextFreePort, tryPort } from './ports.mjs'
import { Problem } from './problem.mjs'
import { waitUntilReady } from './readiness.mjs'
import { startPrivateRedis } from './redis.mjs'
import { supervise } from './supervise.mjs'

// In the order they stop: the gateway first, so that nothing new comes in while the rest finishes.
export const SERVICES = [
  { name: 'gateway', entry: 'src/main.ts' },
  // Ingest works off what is there as fast as it can: a collector on threads of its own takes the core that Redis needs for
  // it (docs/decisions/0011; npm run bench:features). Such threads keep their priority when the process lowers its own, so that
  // those of the monitor stood in the way of decisions (npm run load: p90 at 2,000 a second 0.87 times that with them).
  { name: 'ingest', entry: 'workers/ingest.ts', nodeArgs: ['--single-threaded-gc'] },
  { name: 'monitor', entry: 'workers/monitor.ts', nodeArgs: ['--single-threaded-gc'] }
]
const FIRST_PORT = 8080
const FIRST_OPS_PORT = 9464

/**
 * Starts Redis (unless `redis` names a running one) and the three processes, and keeps them running. Resolves as soon
 * as they are launched; `ready()` waits until all of them answer.
 *
 * `port` and `opsPort` null mean: the usual one or the next free. `report(line)` hears what a person should know,
 * `onGiveUp(reason)` that a process cannot be kept up, `onChange({ redisUrl, pids })` of every start. `restarts` is what
 * supervise() takes.
 */
export async function startStack(options) {
  const { dataDir, redis, report, onGiveUp, restarts, services = SERVICES, onChange = () => {} } = options
  const ports = await choosePorts(options, services)
  const logDir = join(dataDir, 'logs')
  mkdirSync(logDir, { recursive: true, mode: 0o700 })

  const pids = {}
  let redisUrl = redis.url
  const started = (name, handle) => {
    pids[name] = handle.pid
    redisUrl ??= handle.url
    onChange({ redisUrl, pids: { ...pids } })
    return handle
  }
  const server = redis.server
    ? await superviseRedis({ dataDir, logDir, redis, report, onGiveUp, restarts, started })
    : null
  const unfollow = []
  const running = await Promise.all(
    services.map(async ({ name, entry, nodeArgs }, index) => {
      const log = newLog(logDir, name)
      unfollow.push(followErrors(log, (line) => report(`[${name}] ${line}`)))
      const env = serviceEnv(options, { redisUrl, port: ports.http, opsPort: ports.ops[index] })
      const command = { node: options.node, nodeArgs, entry: join(options.root, entry), cwd: options.root, env, log }
      const start = () => started(name, launchNode(command))
      const process = await supervise({ name, start, report, onGiveUp, restarts })
      return { name, process, log, opsUrl: `http://127.0.0.1:${ports.ops[index]}` }
    })
  )

  async function stopInOrder() {
    const [gateway, ...workers] = running
    await gateway.process.stop()
    await Promise.all(workers.map((worker) => worker.process.stop()))
    for (const end of unfollow) end()
    await server?.stop()
  }
  let stopped = null

  return {
    redisUrl,
    compileCache: compileCacheOf(options.root),
    apiUrl: `http://${urlHost(options.host)}:${ports.http}`,
    opsUrls: Object.fromEntries(running.map(({ name, opsUrl }) => [name, opsUrl])),
    logDir,
    async ready(deadlineMs) {
      const failures = await waitUntilReady(running, deadlineMs)
      if (failures.length > 0) throw new Problem(failures.map(describeFailure).join('\n\n'))
      for (const { process } of running) process.trust()
    },
    stop() {
      stopped ??= stopInOrder()
      return stopped
    },
    kill() {
      for (const { process } of running) process.kill()
      server?.kill()
    }
  }
}

async function superviseRedis({ dataDir, logDir, redis, report, onGiveUp, restarts, started }) {
  // Its clients know it by its port, so it comes back on the same one; its data comes back from its own log.
  let place = {}
  const start = async () => {
    const logFile = newLog(logDir, 'redis')
    const { server, extraArgs } = redis
    const handle = await startPrivateRedis({ dir: join(dataDir, 'redis'), server, extraArgs, logFile, ...place })
    place = { port: handle.port }
    return started('redis', handle)
  }
  const supervised = await supervise({ name: 'redis', start, report, onGiveUp, restarts })
  supervised.trust()
  return supervised
}

async function choosePorts({ host, port, opsPort }, services) {
  if (port !== null && (await tryPort(port, host)) === null) {
    throw new Problem(`Port ${port} on ${host} cannot be used: another program has it, or it is not yours to take.`)
  }
  const http = port ?? (await nextFreePort(FIRST_PORT, { host }))
  const ops = []
  for (const index of services.keys()) {
    ops.push(await nextFreePort((opsPort ?? FIRST_OPS_PORT) + index, { avoid: [http, ...ops] }))
  }
  return { http, ops }
}

function serviceEnv({ env, root, host, tokenKey }, { redisUrl, port, opsPort }) {
  return {
    ...env,
    REDIS_URL: redisUrl,
    HOST: host,
    PORT: String(port),
    OPS_PORT: String(opsPort),
    TOKEN_KEY: tokenKey,
    // Stripping types costs about 300 ms a process; with the cache about 30.
    NODE_COMPILE_CACHE: compileCacheOf(root)
  }
}

function compileCacheOf(root) {
  return join(root, '.cache', 'compile')
}

function urlHost(host) {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

function describeFailure({ name, log, how, last }) {
  const what = how ? `${name} ${describeExit(how)} before it was ready` : `${name} is not ready: ${last}`
  const lines = lastLines(log).map((line) => `  ${line}`)
  return [`${what}.`, ...(lines.length > 0 ? [`The end of ${log}:`, ...lines] : [`${log} is empty.`])].join('\n')
}
