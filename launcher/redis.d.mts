/** A server program of version 7 or newer, and the environment it needs. */
export interface RedisServer {
  readonly command: string
  readonly env: Readonly<Record<string, string>>
  readonly version: string
  readonly source: string
}

export type ResolvedRedis = { readonly url: string; readonly version: string } | { readonly server: RedisServer }

export interface ResolveOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cacheDir?: string
}

export interface PrivateRedisOptions {
  /** Its data; made when absent. Two servers must never share one. */
  readonly dir: string
  /** A free one when left out. */
  readonly port?: number
  /** Found with resolveRedisServer() when left out. */
  readonly server?: RedisServer
  /** Given last, so they win: `['--appendonly', 'no']`. */
  readonly extraArgs?: readonly string[]
  /** `redis.log` in `dir` when left out. */
  readonly logFile?: string
  readonly env?: NodeJS.ProcessEnv
}

export interface PrivateRedis {
  readonly url: string
  readonly port: number
  /** The server itself, for faults: `process.kill(redis.pid, 'SIGSTOP')`. */
  readonly pid: number
  readonly dir: string
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** In order: the append-only log is written out. Safe to call twice, or after a crash. */
  stop(): Promise<void>
  /** At once, as by a power cut. */
  kill(): void
}

export function resolveRedis(options?: ResolveOptions): Promise<ResolvedRedis>
export function resolveRedisServer(options?: ResolveOptions): Promise<RedisServer>
export function startPrivateRedis(options: PrivateRedisOptions): Promise<PrivateRedis>
