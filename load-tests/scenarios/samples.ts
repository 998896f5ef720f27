import { readFileSync } from 'node:fs'
import { cpuMicros, type Pids } from '../cpu.ts'

/** What each process used in one second of a run. */
export interface Sample {
  readonly second: number
  readonly cores: Readonly<Record<string, number>>
  readonly memoryMiB: Readonly<Record<string, number>>
}

const PAGE_BYTES = 4096
const EVERY_MS = 1000

/** Memory that a process holds; undefined where there is no /proc or no such process. */
export function memoryMiB(pid: number): number | undefined {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return (pages * PAGE_BYTES) / 2 ** 20
  } catch {
    return undefined
  }
}

/** Looks at the processes each second until it is stopped. */
export function startSampling(pids: () => Pids): { readonly stop: () => Sample[] } {
  const samples: Sample[] = []
  const read = () => Object.fromEntries(Object.entries(pids()).map(([name, pid]) => [name, cpuMicros(pid)]))
  let before = read()
  let beforeAtMs = performance.now()
  const timer = setInterval(() => {
    const now = read()
    const nowMs = performance.now()
    const cores = Object.entries(now).flatMap(([name, micros]) => {
      const earlier = before[name]
      const isKnown = micros !== undefined && earlier !== undefined
      return isKnown ? [[name, (micros - earlier) / 1000 / (nowMs - beforeAtMs)] as const] : []
    })
    const memory = Object.entries(pids()).map(([name, pid]) => [name, memoryMiB(pid) ?? Number.NaN] as const)
    samples.push({
      second: samples.length,
      cores: Object.fromEntries(cores),
      memoryMiB: Object.fromEntries(memory)
    })
    before = now
    beforeAtMs = nowMs
  }, EVERY_MS)
  return {
    stop: () => {
      clearInterval(timer)
      return samples
    }
  }
}

/** Slope of the line of least squares through equally spaced values, a step. 0 for fewer than two. */
export function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  let [above, below] = [0, 0]
  values.forEach((value, index) => {
    above += (index - middle) * value
    below += (index - middle) ** 2
  })
  return below === 0 ? 0 : above / below
}
