import { setTimeout as sleep } from 'node:timers/promises'
import type { Arrivals, RateSegment } from './arrivals.ts'
import type { Child } from './child.ts'
import { type CpuUse, measureCpu, type Pids } from './cpu.ts'
import type { GeneratorEvent, OpenLoopTask, SaturationTask, Target } from './generator.ts'
import type { OpenLoopResult } from './open-loop.ts'
import type { TrafficKind } from './prepared-requests.ts'
import type { Progress } from './progress.ts'
import { costs, type OpenLoopRow, type SaturationRound } from './results.ts'
import type { SaturationResult } from './saturation.ts'

export type GeneratorChild = Child<OpenLoopTask | SaturationTask, GeneratorEvent, OpenLoopResult | SaturationResult>

export interface PhaseContext {
  readonly generator: GeneratorChild
  /** Whose CPU is counted, the generator’s included. */
  readonly pids: Pids
  readonly target: Target
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly seed: number
  /** When the warm-up is over. */
  readonly onMeasuring?: () => void
}

export interface OpenLoopPhase {
  readonly name: string
  readonly arrivals: Arrivals
  readonly ratePerSecond: number
  readonly seconds: number
  readonly warmUpSeconds: number
  /** Requests in progress at most, if not as always. */
  readonly maxInFlight?: number
  readonly dropsBeyond?: boolean
  /** Rates that change; together as long as `seconds`. */
  readonly segments?: readonly RateSegment[]
  readonly traffic?: TrafficKind
}

export interface SaturationPhase {
  readonly name: string
  readonly connections: number
  readonly seconds: number
  readonly requests?: number
}

/** Above this the service is not slow but overrun. More than the gateway lets in: what it refuses is to be seen. */
const MAX_IN_FLIGHT = 512
const DRAIN_MS = 3000
const SETTLE_MS = 20_000
const SETTLE_LOOK_MS = 500
/** Ingest and monitor poll a few times a second when idle. */
const IDLE_CORES = 0.06

/** Requests at a fixed rate; every run of the generator makes application ids of its own. */
export async function openLoopPhase(context: PhaseContext, phase: OpenLoopPhase): Promise<OpenLoopRow> {
  const { name, ...rest } = phase
  const task: OpenLoopTask = {
    kind: 'open-loop',
    ...common(context),
    maxInFlight: MAX_IN_FLIGHT,
    ...rest,
    drainMs: DRAIN_MS
  }
  const { result, cpu } = await measured<OpenLoopResult>(context, name, task)
  return { ...result, ...costs(cpu, result.sent) }
}

export async function saturationPhase(context: PhaseContext, phase: SaturationPhase): Promise<SaturationRound> {
  const { name, ...rest } = phase
  const task: SaturationTask = { kind: 'saturation', ...common(context), ...rest }
  const { result, cpu } = await measured<SaturationResult>(context, name, task)
  return { ...result, ...costs(cpu, result.requests) }
}

/**
 * Waits until the workers have done what earlier phases left them, so that it is not counted to the next. Gives up
 * after a while and says so.
 */
export async function settle(pids: Pids, { progress, signal }: Pick<PhaseContext, 'progress' | 'signal'>) {
  const giveUpAtMs = performance.now() + SETTLE_MS
  while (performance.now() < giveUpAtMs) {
    const stop = measureCpu(pids)
    await sleep(SETTLE_LOOK_MS, undefined, { signal })
    const used = Object.values(stop().micros).reduce((sum, micros) => sum + (micros || 0), 0)
    const cores = used / (SETTLE_LOOK_MS * 1000)
    if (cores < IDLE_CORES) return
    progress.tick(`waiting until the workers are idle (${cores.toFixed(2)} cores busy)`)
  }
  progress.note(`! the workers were still busy after ${SETTLE_MS / 1000} s; what follows shares the cores with them`)
}

let runs = 0

function common({ target, seed }: PhaseContext) {
  runs++
  return { target, seed: seed + runs, prefix: `load${runs}` }
}

async function measured<Result>(
  { generator, pids, progress, signal, onMeasuring }: PhaseContext,
  name: string,
  task: OpenLoopTask | SaturationTask
): Promise<{ result: Result; cpu: CpuUse }> {
  let stop = measureCpu(pids)
  progress.tick(name)
  const onEvent = (event: GeneratorEvent): void => {
    if (event.kind === 'measuring') {
      stop = measureCpu(pids)
      onMeasuring?.()
    } else if (event.kind === 'tick') progress.tick(`${name}: ${event.requestsPerSecond}/s`)
    else {
      const { sent, planned, inFlight, errors } = event
      progress.tick(`${name}: ${sent} of ${planned} sent, ${inFlight} in progress, ${errors} errors`)
    }
  }
  const result = (await generator.run(task, { onEvent, signal })) as Result
  return { result, cpu: stop() }
}
