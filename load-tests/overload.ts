import { type Child, startChild } from './child.ts'
import type { Pids } from './cpu.ts'
import { loanHistory } from './loan-history.ts'
import { type GeneratorChild, openLoopPhase, type PhaseContext, saturationPhase, settle } from './phases.ts'
import type { Progress } from './progress.ts'
import { median, type OpenLoopRow, type SaturationRound } from './results.ts'
import { postEvents } from './service-client.ts'
import type { ServiceUnderTest } from './stack.ts'

export interface OverloadOptions {
  /** How many times the saturation rate is offered. */
  readonly times: number
  readonly seconds: number
  /** Saturation and overload in turn, so often: what other programs do meanwhile meets both. */
  readonly rounds: number
  /** Of autocannon at saturation. */
  readonly connections: number
  /** Connections of the callers of the overload together; a request that finds all in use is never sent. */
  readonly maxInFlight: number
  readonly seed: number
}

export interface OverloadRound {
  readonly peak: SaturationRound
  readonly overload: OpenLoopRow
  /** Decisions a second under overload. */
  readonly goodput: number
  readonly goodputShare: number
  readonly p99Ratio: number
  /** Requests a second that were really sent. */
  readonly sentPerSecond: number
  readonly refused: number
}

export interface OverloadResults {
  readonly rounds: readonly OverloadRound[]
  /** Medians of the rounds. */
  readonly goodputShare: number
  readonly p99Ratio: number
}

export interface OverloadSession {
  readonly service: ServiceUnderTest
  readonly options: OverloadOptions
  readonly progress: Progress
  readonly signal: AbortSignal
}

const WARM_UP = { seconds: 6, requests: 20_000 }
/** As before every rate of the load test: hundreds of new connections make the compiler of Node begin anew. */
const OVERLOAD_WARM_UP_SECONDS = 5
/** A quarter of the history of the full load test: enough people with earlier loans in a short run. */
const HISTORY_EVENTS = 15_000

/** The most that the service does, then many times as much asked of it. */
export async function runOverload({ service, options, progress, signal }: OverloadSession): Promise<OverloadResults> {
  const { connections, seed } = options
  const client = { port: service.port, key: service.key, signal }
  progress.tick('telling the service of earlier loans')
  await postEvents(client, firstOf(loanHistory(Date.now()), HISTORY_EVENTS))
  const generator: GeneratorChild = startChild(new URL('./generator.ts', import.meta.url))
  const pids = { ...service.pids, generator: generator.pid }
  const context: PhaseContext = { generator, pids, target: client, progress, signal, seed }
  const { gateway: _, ...workers } = service.pids
  try {
    await saturationPhase(context, { connections, ...WARM_UP, name: 'warming up' })
    const rounds: OverloadRound[] = []
    for (let round = 0; round < options.rounds; round++) {
      rounds.push(await measureRound(context, workers, options))
      service.assertUndisturbed()
    }
    return {
      rounds,
      goodputShare: median(rounds.map(({ goodputShare }) => goodputShare)),
      p99Ratio: median(rounds.map(({ p99Ratio }) => p99Ratio))
    }
  } finally {
    await (generator as Child<unknown, unknown, unknown>).stop()
  }
}

async function measureRound(context: PhaseContext, workers: Pids, options: OverloadOptions): Promise<OverloadRound> {
  const { times, seconds, connections, maxInFlight } = options
  await settle(workers, context)
  const peak = await saturationPhase(context, { connections, seconds, name: 'saturation' })
  await settle(workers, context)
  const overload = await openLoopPhase(context, {
    name: `overload at ${times} times ${Math.round(peak.rps)}/s`,
    arrivals: 'poisson',
    ratePerSecond: Math.round(peak.rps * times),
    seconds,
    warmUpSeconds: OVERLOAD_WARM_UP_SECONDS,
    maxInFlight,
    dropsBeyond: true
  })
  const goodput = (overload.statuses['200'] ?? 0) / seconds
  return {
    peak,
    overload,
    goodput,
    goodputShare: goodput / peak.rps,
    p99Ratio: overload.p99 / peak.p99,
    sentPerSecond: overload.sent / seconds,
    refused: (overload.statuses['503'] ?? 0) + (overload.statuses['429'] ?? 0)
  }
}

function* firstOf<Item>(items: Iterable<Item>, count: number): Generator<Item> {
  let taken = 0
  for (const item of items) {
    if (taken++ >= count) return
    yield item
  }
}
