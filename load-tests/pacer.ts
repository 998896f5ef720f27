import { type MessagePort, parentPort, workerData } from 'node:worker_threads'

export interface PacerData {
  /** When each request is due, milliseconds after `startNanos` of the monotonic clock. */
  readonly planMs: Float64Array
  readonly startNanos: bigint
  /** Shared: [WAKING] is 1 while a wake-up is under way to the sender, [STOPPED] is 1 from when nothing more is due. */
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

/**
 * Sleeps until the next request is due and wakes the sender. A thread of its own because Atomics.wait keeps time to
 * about 0.1 ms: a timer of the event loop comes in steps of 1 ms, which sends requests in clumps and adds 0.6 ms to each
 * latency, and a loop that spins takes a whole core from the service (measured: README, "The generator").
 */
function pace({ planMs, startNanos, state }: PacerData, port: MessagePort): void {
  for (const dueMs of planMs) {
    let aheadMs = dueMs - elapsedMs(startNanos)
    while (aheadMs > 0) {
      if (Atomics.wait(state, STOPPED, 0, aheadMs) !== 'timed-out') return
      aheadMs = dueMs - elapsedMs(startNanos)
    }
    // A sender that has not yet looked at its clock since the last wake-up will see this request too.
    if (Atomics.exchange(state, WAKING, 1) === 0) port.postMessage(null)
  }
}

function elapsedMs(startNanos: bigint): number {
  return Number(process.hrtime.bigint() - startNanos) / 1e6
}

if (parentPort !== null) pace(workerData as PacerData, parentPort)
