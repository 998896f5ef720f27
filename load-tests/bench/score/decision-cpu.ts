import { setTimeout as sleep } from 'node:timers/promises'
import { startChild } from '../../child.ts'
import { loanHistory } from '../../loan-history.ts'
import { type GeneratorChild, saturationPhase, settle } from '../../phases.ts'
import type { Progress } from '../../progress.ts'
import { postEvents } from '../../service-client.ts'
import { startServiceUnderTest } from '../../stack.ts'

export interface DecisionCpu {
  /** CPU microseconds of one decision, whatever came out: the gateway with its scoring thread, and Redis. */
  readonly micros: { readonly gateway: number; readonly redis: number }
  readonly decisionsPerSecond: number
  /** Cores that other programs took meanwhile. */
  readonly otherCores: number
}

const CONNECTIONS = 128
const WARM_UP_SECONDS = 10
const SECONDS = 6
const SETTLED_MS = 500
const SEED = 1

/** A service of its own at saturation, where a decision is cheapest: the share of anything in it looks largest. */
export async function measureDecisionCpu(progress: Progress, signal: AbortSignal): Promise<DecisionCpu> {
  const service = await startServiceUnderTest({ note: progress.note, profiled: false, signal })
  const generator: GeneratorChild = startChild(new URL('../../generator.ts', import.meta.url))
  try {
    const target = { port: service.port, key: service.key }
    progress.tick('telling the service of earlier loans')
    await postEvents({ ...target, signal }, loanHistory(Date.now()))
    const context = { generator, target, progress, signal, seed: SEED, pids: service.pids }
    const phase = { connections: CONNECTIONS, name: 'decisions at saturation' }
    await saturationPhase(context, { ...phase, seconds: WARM_UP_SECONDS, name: 'warming up the service' })
    await settle(service.pids, { progress, signal })
    await sleep(SETTLED_MS, undefined, { signal })
    const { cpuMicrosPerRequest, rps, errors, otherCores } = await saturationPhase(
      { ...context, pids: { ...service.pids, generator: generator.pid } },
      { ...phase, seconds: SECONDS }
    )
    service.assertUndisturbed()
    if (errors > 0) throw new Error(`${errors} decisions failed: what they cost says nothing`)
    const { gateway = Number.NaN, redis = Number.NaN } = cpuMicrosPerRequest
    return { micros: { gateway, redis }, decisionsPerSecond: rps, otherCores }
  } finally {
    await generator.stop()
    await service.stop()
  }
}
