import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '../launcher/dev-key.mjs'
import { ROOT } from '../launcher/paths.mjs'
import { freePort } from '../launcher/ports.mjs'
import { resolveRedisServer } from '../launcher/redis.mjs'
import { SERVICES, startStack } from '../launcher/stack.mjs'
import type { Appendfsync } from './appendfsync.ts'
import type { Pids } from './cpu.ts'

export interface ServiceUnderTest {
  readonly port: number
  readonly key: string
  /** Whose key it is. */
  readonly tenant: string
  readonly redisPrefix: string
  readonly redisVersion: string
  readonly redisUrl: string
  /** The gateway’s private port, for its metrics. */
  readonly opsUrl: string
  /** The private ports of all processes, by name. */
  readonly opsUrls: Readonly<Record<string, string>>
  /** bin/assay against this service; runs to its end. */
  readonly cli: Cli
  /** Where the gateway's inspector opens when it is asked to; only when it was started to be profiled. */
  readonly inspectPort: number | undefined
  /** gateway, redis, ingest and monitor. */
  readonly pids: Pids
  /** @throws when a process ended or was started again since: what was measured is not one service. */
  assertUndisturbed(): void
  /** How often a process was started again. */
  restarts(): number
  stop(): Promise<void>
}

export interface ServiceOptions {
  readonly note: (line: string) => void
  readonly profiled: boolean
  readonly signal: AbortSignal
  /** Variables of the processes, beside those of the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** How many monitor processes; one when left out. */
  readonly monitors?: number
  /** Of Redis; as in production when left out. */
  readonly appendfsync?: Appendfsync
  /** Of the identity tokens; a random one when left out. Two runs with one see the same tokens. */
  readonly tokenKey?: string
  /** Whose key is made. */
  readonly tenant?: string
  /** Whether to listen where `npm start` does, or next to it; else on any free ports. */
  readonly usualPorts?: boolean
  /** How ended processes are started again, where they are ended on purpose; see launcher/supervise.mjs. */
  readonly restarts?: { readonly longestPauseMs: number; readonly perMinute: number }
}

const TENANT = 'load'
const READY_MS = 30_000
/** An overloaded service may log an error for each request; the first ones tell it all. */
const SHOWN_ERROR_LINES = 5

/**
 * The whole service on a Redis of its own (append-only, as in production), as `npm start` runs it, in a directory
 * that is removed with it. Tuning variables of the environment are passed on; what names another Redis is not.
 */
export async function startServiceUnderTest(options: ServiceOptions): Promise<ServiceUnderTest> {
  const { note, profiled, signal } = options
  const inspectPort = profiled ? await freePort() : undefined
  const dataDir = await mkdtemp(join(tmpdir(), 'assay-load-'))
  const redisPrefix = `load-${randomBytes(4).toString('hex')}`
  const env = {
    ...process.env,
    ...options.env,
    REDIS_URL: '',
    REDIS_JOBS_URL: '',
    REDIS_PREFIX: redisPrefix,
    ALLOW_AS_OF: '',
    ...(inspectPort !== undefined && { NODE_OPTIONS: `--inspect-port=${inspectPort}` })
  }
  const { tokenKey = randomBytes(32).toString('hex'), tenant = TENANT } = options
  const server = await resolveRedisServer({ env: process.env })
  const pids: Record<string, number> = {}
  const disturbances: string[] = []
  let [shown, ready, restarts] = [0, false, 0]
  const stack = await startStack({
    root: ROOT,
    services: [...SERVICES, ...moreMonitors(options.monitors)],
    node: process.execPath,
    dataDir,
    env,
    redis: { server, extraArgs: ['--appendfsync', options.appendfsync ?? 'always'] },
    host: '127.0.0.1',
    port: options.usualPorts ? null : await freePort(),
    opsPort: options.usualPorts ? null : await freePort(),
    tokenKey,
    restarts: options.restarts,
    report: (line: string) => {
      if (shown++ < SHOWN_ERROR_LINES) note(line)
    },
    onGiveUp: (reason: string) => disturbances.push(reason),
    onChange: (news: { readonly pids: Pids }) => {
      if (ready) {
        restarts++
        disturbances.push('a process was started again')
      }
      Object.assign(pids, news.pids)
    }
  })
  // For the ends that leave no time to wait.
  const lastResort = (): void => stack.kill()
  process.on('exit', lastResort)
  const stop = async (): Promise<void> => {
    await stack.stop()
    process.off('exit', lastResort)
    await rm(dataDir, { recursive: true, force: true })
  }
  try {
    await orAborted(stack.ready(READY_MS), signal)
    const cliEnv = { ...env, REDIS_URL: stack.redisUrl, TOKEN_KEY: tokenKey }
    const entry = join(ROOT, 'src/cli/main.ts')
    const cli: Cli = runCli({ node: process.execPath, entry, env: cliEnv, signal })
    const key = await createKey(cli, tenant)
    ready = true
    return {
      port: Number(new URL(stack.apiUrl).port),
      key,
      tenant,
      redisPrefix,
      redisVersion: server.version,
      redisUrl: stack.redisUrl,
      opsUrl: stack.opsUrls.gateway as string,
      opsUrls: stack.opsUrls,
      cli,
      inspectPort,
      pids,
      assertUndisturbed: () => {
        if (disturbances.length > 0) throw new Error(`the service did not stay up: ${disturbances.join('; ')}`)
      },
      restarts: () => restarts,
      stop
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

export type Cli = (args: readonly string[]) => Promise<{ code: number | null; stdout: string; stderr: string }>

async function createKey(cli: Cli, tenant: string): Promise<string> {
  const { code, stdout, stderr } = await cli(['keys', 'create', '--tenant', tenant, '--json'])
  if (code !== 0) throw new Error(`no partner key could be made: ${stderr.trim()}`)
  return (JSON.parse(stdout) as { key: string }).key
}

function moreMonitors(count = 1) {
  const monitor = SERVICES.find(({ name }) => name === 'monitor')
  return Array.from({ length: count - 1 }, (_, index) => ({ ...monitor, name: `monitor-${index + 2}` }))
}
