import { closeSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface DemoClock {
  readonly nowMs: () => number
  /** Moves all processes to an instant, at once and never back. */
  readonly advanceTo: (atMs: number) => void
  /** From now on the processes tell the real time. */
  readonly followReality: () => void
  /** Variables that make a process follow this clock. */
  readonly env: Readonly<Record<string, string>>
  readonly close: () => Promise<void>
}

const HOOK = new URL('clock-hook.mjs', import.meta.url)
/** What the hook reads as: the real time. */
const REALITY = 0

/**
 * A clock that stands still until it is moved, shared with other processes by a file of eight bytes that clock-hook.mjs
 * reads at each question for the time. So no event is ahead of its clock, however busy the machine is.
 */
export async function createDemoClock(startMs: number): Promise<DemoClock> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-demo-clock-'))
  const file = join(folder, 'now')
  const descriptor = openSync(file, 'w')
  const bytes = Buffer.alloc(8)
  let nowMs = startMs
  const write = (value: number) => {
    bytes.writeDoubleLE(value)
    writeSync(descriptor, bytes, 0, bytes.length, 0)
  }
  write(nowMs)
  return {
    nowMs: () => (nowMs === REALITY ? Date.now() : nowMs),
    advanceTo: (atMs) => {
      if (nowMs === REALITY || atMs <= nowMs) return
      nowMs = atMs
      write(nowMs)
    },
    followReality: () => {
      nowMs = REALITY
      write(nowMs)
    },
    env: { DEMO_CLOCK_FILE: file, NODE_OPTIONS: `--import=${HOOK.href}` },
    close: async () => {
      closeSync(descriptor)
      await rm(folder, { recursive: true, force: true })
    }
  }
}
