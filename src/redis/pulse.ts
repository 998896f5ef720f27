import type { Redis } from 'ioredis'

const BEAT_MS = 1000
/** Two beats missed. */
const SILENT_AFTER_MS = 2500

export interface Pulse {
  /** Whether Redis answered a moment ago: a connection to a frozen server or a dead link looks open for many minutes. */
  readonly isBeating: () => boolean
  readonly onBeat: (listener: () => void) => void
  readonly stop: () => void
}

/** Pings once a second. */
export function watchPulse(redis: Redis): Pulse {
  const listeners: (() => void)[] = []
  let answeredAtMs = performance.now()
  const beat = async (): Promise<void> => {
    if (redis.status !== 'ready') return
    try {
      await redis.ping()
      answeredAtMs = performance.now()
      for (const listener of listeners) listener()
    } catch {
      // No answer is what isBeating() tells.
    }
  }
  const timer = setInterval(() => void beat(), BEAT_MS)
  redis.on('ready', () => void beat())
  return {
    isBeating: () => performance.now() - answeredAtMs < SILENT_AFTER_MS,
    onBeat: (listener) => void listeners.push(listener),
    stop: () => clearInterval(timer)
  }
}
