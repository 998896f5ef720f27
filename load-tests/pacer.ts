import { type MessagePort, parentPort, workerData } from 'node:worker_threads'

export interface PacerData {
  /** When each request is due, milliseconds after `startNanos` of the monotonic clock. */
  readonly planMs: Float64Array
  readonly startNanos: bigint
  /**
   * Shared: [WAKING] is 1 while a wake-up is under way to the sender, [STOPPED] is 1 from when nothing more is due, [FULL]
   * while the sender could send nothing anyway.
   */
  readonly state: Int32Array
}

/** The two clocks of an open loop, and the same moment on both: ours in milliseconds, the pacer’s in nanoseconds. */
export interface Clocks {
  readonly nowMs: () => number
  readonly nowNanos: () => bigint
}

/**
 * The start of a plan on both clocks. Ours is read first: a pacer that were a little ahead of us would wake us before
 * anything is due and not again until the next arrival, and the last request would never be sent.
 */
export function planStart(leadMs: number, { nowMs, nowNanos }: Clocks): { startMs: number; startNanos: bigint } {
  const startMs = nowMs() + leadMs
  return { startMs, startNanos: nowNanos() + BigInt(leadMs * 1e6) }
}

export const WAKING = 0
export const STOPPED = 1
export const FULL = 2
/** Until a full sender is woken again; meanwhile the answers that it gets wake it. */
const FULL_REST_MS = 1

/**
 * Sleeps until the next request is due and wakes the sender. A thread of its own because Atomics.wait keeps time to
 * about 0.1 ms: a timer of the event loop comes in steps of 1 ms, which sends requests in clumps and adds 0.6 ms to each
 * latency, and a loop that spins takes a whole core from the service (measured: README, "The generator").
 */
function pace({ planMs, startNanos, state }: PacerData, port: MessagePort): void {
  const isStopped = (waitMs: number): boolean => Atomics.wait(state, STOPPED, 0, waitMs) !== 'timed-out'
  for (let next = 0; next < planMs.length; ) {
    const nowMs = elapsedMs(startNanos)
    const aheadMs = (planMs[next] as number) - nowMs
    if (aheadMs > 0) {
      if (isStopped(aheadMs)) return
      continue
    }
    while (next < planMs.length && (planMs[next] as number) <= nowMs) next++
    // A sender that has not yet looked at its clock since the last wake-up will see these requests too.
    if (Atomics.exchange(state, WAKING, 1) === 0) port.postMessage(null)
    if (Atomics.load(state, FULL) === 1 && isStopped(FULL_REST_MS)) return
  }
}

function elapsedMs(startNanos: bigint): number {
  return Number(process.hrtime.bigint() - startNanos) / 1e6
}

if (parentPort !== null) pace(workerData as PacerData, parentPort)
