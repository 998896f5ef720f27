import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { faultFields, type Logger } from './log.ts'

export interface WorkerLoopOptions {
  readonly name: string
  /** Does what is there and says how much it was. */
  readonly round: () => Promise<number>
  /** Time from one round to the next, by what the last one did: lets entries gather, and holds a backlog to a rate. */
  readonly restMs: (handled: number) => number
  /** Wait after a fault. */
  readonly faultRestMs: number
  readonly log: Logger
}

/** Runs rounds one after the other until stopped; a fault is logged and the round tried again. */
export function startWorkerLoop({ name, round, restMs, faultRestMs, log }: WorkerLoopOptions): {
  stop: () => Promise<void>
} {
  const stopping = new AbortController()
  const rest = (ms: number): Promise<unknown> =>
    ms <= 0 ? nextTurn() : sleep(ms, undefined, { signal: stopping.signal }).catch(() => {})
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await rest(restMs(await round()))
      } catch (error) {
        if (stopping.signal.aborted) return
        log.error(faultFields(error), `${name} round failed`)
        await rest(faultRestMs)
      }
    }
  }
  const finished = run()
  return {
    stop: async () => {
      stopping.abort()
      await finished
    }
  }
}
