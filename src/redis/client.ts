import { Redis, type RedisOptions } from 'ioredis'

/** What a connection is for; each kind waits differently. */
export type RedisRole = 'request' | 'blocking' | 'jobs'

export interface RedisClientOptions {
  readonly url: string
  /** Shown by CLIENT LIST. */
  readonly name: string
  readonly role: RedisRole
  /** Longest wait for one reply on a request connection. */
  readonly commandTimeoutMs: number
  readonly onError: (error: Error) => void
}

/**
 * A Redis connection of one role. A request connection never resends by itself (a lost reply would apply a write twice),
 * never queues while disconnected and gives up on a reply after its timeout, whose outcome is then unknown. A blocking
 * connection waits as long as its command says. BullMQ retries by its own rules and wants no limit.
 */
export function createRedis({ url, name, role, commandTimeoutMs, onError }: RedisClientOptions): Redis {
  const options: Omit<RedisOptions, 'replyMapping'> = {
    ...BASE,
    ...BY_ROLE[role](commandTimeoutMs),
    connectionName: name
  }
  const redis = new Redis(url, options)
  redis.on('error', onError)
  return redis
}

const BASE: Omit<RedisOptions, 'replyMapping'> = {
  // Reply shapes differ between the protocols; ours were measured and tested on the older one.
  protocol: 2,
  connectTimeout: 1000,
  keepAlive: 5000,
  autoResendUnfulfilledCommands: false,
  retryStrategy: (attempt) => Math.min(1000, 50 * 2 ** Math.min(attempt, 5)) * (0.5 + Math.random() / 2),
  // 1 reconnects without resending: a demoted server answers READONLY for ever.
  reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 1 : false)
}

const BY_ROLE: { readonly [R in RedisRole]: (commandTimeoutMs: number) => Omit<RedisOptions, 'replyMapping'> } = {
  request: (commandTimeout) => ({
    commandTimeout,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0
  }),
  blocking: () => ({ enableOfflineQueue: false, maxRetriesPerRequest: 0 }),
  jobs: () => ({ maxRetriesPerRequest: null, autoResendUnfulfilledCommands: true })
}

/** Resolves when the connection can take commands; rejects with the cause when it cannot within the deadline. */
export async function whenReady(redis: Redis, deadlineMs: number): Promise<void> {
  if (redis.status === 'ready') return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let lastError: Error | undefined
  const remember = (error: Error) => {
    lastError = error
  }
  const timer = setTimeout(() => {
    reject(new Error(`Redis is not reachable within ${deadlineMs} ms: ${lastError?.message ?? redis.status}`))
  }, deadlineMs)
  redis.once('ready', resolve)
  redis.on('error', remember)
  try {
    await promise
  } finally {
    clearTimeout(timer)
    redis.off('ready', resolve)
    redis.off('error', remember)
  }
}
