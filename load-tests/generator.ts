import type { Arrivals, RateSegment } from './arrivals.ts'
import { serveParent } from './child.ts'
import type { OpenLoopProgress } from './dispatcher.ts'
import { type OpenLoopResult, runOpenLoop } from './open-loop.ts'
import { prepareRequests, type TrafficKind } from './prepared-requests.ts'
import { runSaturation, type SaturationResult } from './saturation.ts'

export interface Target {
  readonly port: number
  readonly key: string
}

interface Common {
  readonly target: Target
  readonly seed: number
  readonly prefix: string
  readonly seconds: number
}

export interface OpenLoopTask extends Common {
  readonly kind: 'open-loop'
  readonly arrivals: Arrivals
  readonly ratePerSecond: number
  readonly warmUpSeconds: number
  readonly maxInFlight: number
  readonly dropsBeyond?: boolean | undefined
  readonly drainMs: number
  readonly segments?: readonly RateSegment[]
  readonly traffic?: TrafficKind
}

export interface SaturationTask extends Common {
  readonly kind: 'saturation'
  readonly connections: number
  readonly requests?: number
}

export type GeneratorEvent =
  | { readonly kind: 'measuring' }
  | ({ readonly kind: 'progress' } & OpenLoopProgress)
  | { readonly kind: 'tick'; readonly requestsPerSecond: number }

const HOST = '127.0.0.1'
const PATH = '/v1/decisions'

/** The process that sends: apart from the one that starts, watches and prints, whose work would delay it. */
async function generate(
  task: OpenLoopTask | SaturationTask,
  emit: (event: GeneratorEvent) => void
): Promise<OpenLoopResult | SaturationResult> {
  const { target, seed, prefix, seconds } = task
  const { port, key } = target
  const kind = task.kind === 'open-loop' ? task.traffic : undefined
  const { next } = prepareRequests({ seed, prefix, host: `${HOST}:${port}`, path: PATH, key, kind })
  if (task.kind === 'saturation') {
    emit({ kind: 'measuring' })
    return runSaturation({
      url: `http://${HOST}:${port}${PATH}`,
      next,
      connections: task.connections,
      seconds,
      maxRequests: task.requests ?? Infinity,
      onTick: (requestsPerSecond) => emit({ kind: 'tick', requestsPerSecond })
    })
  }
  const { arrivals, ratePerSecond, warmUpSeconds, maxInFlight, dropsBeyond, drainMs } = task
  return runOpenLoop({
    host: HOST,
    port,
    next,
    arrivals,
    ratePerSecond,
    seconds,
    segments: task.segments,
    warmUpSeconds,
    seed,
    maxInFlight,
    dropsBeyond,
    drainMs,
    onMeasuring: () => emit({ kind: 'measuring' }),
    onProgress: (progress) => emit({ kind: 'progress', ...progress })
  })
}

serveParent(generate)
