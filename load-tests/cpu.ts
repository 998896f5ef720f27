import { readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second, whatever the machine (USER_HZ). */
const MICROS_PER_TICK = 10_000

/** User and system time of a process with all its threads; undefined where there is no /proc or no such process. */
export function cpuMicros(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program may hold spaces and brackets; what follows its last bracket does not.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK
  } catch {
    return undefined
  }
}

export type Pids = Readonly<Record<string, number>>

export interface CpuUse {
  readonly micros: Readonly<Record<string, number>>
  /** Cores taken by programs that are none of `pids` and by the hypervisor: above 0.1 the numbers are worth less. */
  readonly otherCores: number
}

/** Starts to count; the function it returns tells what each process used since. */
export function measureCpu(pids: Pids): () => CpuUse {
  const read = () => Object.entries(pids).map(([name, pid]) => [name, cpuMicros(pid) ?? Number.NaN] as const)
  const before = new Map(read())
  const busyBefore = machineMicros()
  const startedAtMs = performance.now()
  return () => {
    const used = read().map(([name, micros]) => [name, micros - (before.get(name) ?? Number.NaN)] as const)
    const ours = used.reduce((sum, [, micros]) => sum + (micros || 0), 0)
    const elapsedMicros = (performance.now() - startedAtMs) * 1000
    const otherCores = Math.max(0, (machineMicros() - busyBefore - ours) / elapsedMicros)
    return { micros: Object.fromEntries(used), otherCores }
  }
}

/** Everything but idling and waiting for disks; 0 where there is no /proc. */
function machineMicros(): number {
  try {
    const [all = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1)
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = all.split(/ +/).slice(1).map(Number)
    return (user + nice + system + irq + softirq + steal) * MICROS_PER_TICK
  } catch {
    return 0
  }
}
