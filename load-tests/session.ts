import { type Child, startChild } from './child.ts'
import type { Target } from './generator.ts'
import { loanHistory } from './loan-history.ts'
import type { NoopAddress, NoopTask } from './noop-server.ts'
import type { LoadOptions } from './options.ts'
import { type GeneratorChild, openLoopPhase, type PhaseContext, saturationPhase, settle } from './phases.ts'
import { profileGateway } from './profile.ts'
import type { Progress } from './progress.ts'
import { commandsPerRequest, readCommands } from './redis-commands.ts'
import {
  type LoadResults,
  type OpenLoopRow,
  type SaturationComparison,
  type SaturationRound,
  series
} from './results.ts'
import { outcomeOf, postDecision, postEvents } from './service-client.ts'
import type { ServiceUnderTest } from './stack.ts'
import { openLoopTable, saturationTable } from './tables.ts'
import { createTraffic } from './traffic.ts'

export interface Session {
  readonly service: ServiceUnderTest
  readonly options: LoadOptions
  readonly progress: Progress
  readonly signal: AbortSignal
  /** A piece of the report, as soon as it is known. */
  readonly print: (text: string) => void
}

const SAMPLES = 101
/** Away from the seeds of the run: who was offered something at its start is at the limit at its end. */
const OTHER_PEOPLE = 1_000_000
// On a slow machine the compiler still works on the hot path after ten seconds. Bounded by requests as well: on a fast
// one the warm-up would use up people, who meet the velocity rules of the policy when they come too often.
const WARM_UP = { seconds: 20, requests: 30_000 }
const WARM_UP_A_RATE_SECONDS = 5
/** For the generator of this part, which is young again. */
const SATURATION_WARM_UP_SECONDS = 3

/** The whole run against a service that is up. */
export async function runSession(session: Session): Promise<LoadResults> {
  const { service, options, progress, signal, print } = session
  const client = { port: service.port, key: service.key, signal }
  progress.tick('telling the service of earlier loans')
  const events = await postEvents(client, loanHistory(Date.now()))
  const sample = await sampleDecisions(session, 'sample')
  print(
    `Traffic   seed ${options.seed}; ${events} events of earlier loans told before; ${sample.mix}\n` +
      `No-op     same request schema and strict Ajv, answers ${Buffer.byteLength(sample.answer)} bytes: a real decision of median size\n`
  )

  const noopServer = startChild<NoopTask, never, NoopAddress>(new URL('./noop-server.ts', import.meta.url))
  try {
    const { port } = await noopServer.run({ answer: sample.answer }, { signal })
    // The service's processes should be idle meanwhile; a row shows whether they were.
    const noop = { target: { port, key: service.key }, pids: { noop: noopServer.pid, ...service.pids } }
    const workers = {
      redis: service.pids.redis ?? 0,
      ingest: service.pids.ingest ?? 0,
      monitor: service.pids.monitor ?? 0
    }
    const targets = { noop, gateway: { target: client, pids: service.pids }, workers }
    await warmUp(session, targets)
    const latency = options.parts.includes('open-loop') ? await measureLatency(session, targets) : null
    const saturation = options.parts.includes('saturation') ? await measureSaturation(session, targets) : null
    const { mix } = await sampleDecisions(session, 'sample-at-end', options.seed + OTHER_PEOPLE)
    print(`Decisions at the end of the run: ${mix}\n`)
    return { openLoop: latency?.rows ?? [], noopOpenLoop: latency?.noop ?? null, saturation }
  } finally {
    await noopServer.stop()
  }
}

export interface Measurable {
  readonly target: Target
  readonly pids: Readonly<Record<string, number>>
}

interface Targets {
  readonly noop: Measurable
  readonly gateway: Measurable
  readonly workers: Readonly<Record<string, number>>
}

/** A first look: the service decides, and how. The answer of median size is what the no-op route will send. */
async function sampleDecisions({ service, options, signal }: Session, prefix: string, seed = options.seed) {
  const traffic = createTraffic({ seed, prefix })
  const answers: string[] = []
  for (let index = 0; index < SAMPLES; index++) {
    answers.push(await postDecision({ ...service, signal }, traffic.next()))
  }
  const mix = Object.entries(Object.groupBy(answers, outcomeOf))
    .sort(([, left], [, right]) => right.length - left.length)
    .map(([outcome, some]) => `${Math.round((100 * some.length) / SAMPLES)} % ${outcome}`)
  const bySize = answers.toSorted((left, right) => left.length - right.length)
  return { answer: bySize[(SAMPLES - 1) / 2] as string, mix: mix.join(', ') }
}

async function warmUp(session: Session, { noop, gateway, workers }: Targets): Promise<void> {
  const { connections } = session.options
  await withGenerator(session, async (context) => {
    await settle(workers, session)
    await saturationPhase(context(noop), { connections, ...WARM_UP, name: 'warming up the no-op route' })
    await saturationPhase(context(gateway), { connections, ...WARM_UP, name: 'warming up the gateway' })
    await settle(workers, session)
  })
}

async function measureLatency(session: Session, { noop, gateway, workers }: Targets) {
  const { arrivals, rates, seconds } = session.options
  return withGenerator(session, async (context) => {
    const phase = { arrivals, seconds, warmUpSeconds: WARM_UP_A_RATE_SECONDS }
    const highest = Math.max(...rates)
    // The no-op first: the gateway leaves work to its workers, which would disturb it.
    const noopRow = await openLoopPhase(context(noop), {
      ...phase,
      ratePerSecond: highest,
      name: `no-op at ${highest}/s`
    })
    const rows: OpenLoopRow[] = []
    for (const ratePerSecond of rates) {
      await settle(workers, session)
      rows.push(
        await openLoopPhase(context(gateway), { ...phase, ratePerSecond, name: `gateway at ${ratePerSecond}/s` })
      )
      session.service.assertUndisturbed()
    }
    session.print(openLoopTable(rows, noopRow, arrivals))
    return { rows, noop: noopRow }
  })
}

async function measureSaturation(session: Session, targets: Targets): Promise<SaturationComparison> {
  const { connections, rounds, saturationSeconds: seconds, profileFile } = session.options
  return withGenerator(session, async (context) => {
    const rows = { noop: [] as SaturationRound[], gateway: [] as SaturationRound[] }
    for (const name of ['noop', 'gateway'] as const) {
      await settle(targets.workers, session)
      const title = `${name}: warming up for saturation`
      await saturationPhase(context(targets[name]), { connections, seconds: SATURATION_WARM_UP_SECONDS, name: title })
    }
    const before = await readCommands(session.service.redisUrl)
    for (let round = 1; round <= rounds; round++) {
      for (const name of ['noop', 'gateway'] as const) {
        await settle(targets.workers, session)
        const title = `${name} at saturation, round ${round} of ${rounds}`
        rows[name].push(await saturationPhase(context(targets[name]), { connections, seconds, name: title }))
        session.service.assertUndisturbed()
      }
    }
    await settle(targets.workers, session)
    const [noop, gateway] = [series(rows.noop), series(rows.gateway)]
    const decisions = rows.gateway.reduce((sum, { requests }) => sum + requests, 0)
    const redisCommands = commandsPerRequest(before, await readCommands(session.service.redisUrl), decisions)
    const comparison = { noop, gateway, shareOfNoop: gateway.rps / noop.rps, redisCommands }
    session.print(saturationTable(comparison, connections))
    if (profileFile !== undefined) {
      await settle(targets.workers, session)
      const run = () => saturationPhase(context(targets.gateway), { connections, seconds, name: 'gateway, profiled' })
      session.print(await profileGateway(session.service, run, profileFile))
    }
    return comparison
  })
}

/** One generator for one part of the run; each part starts with a young heap. */
export async function withGenerator<Result>(
  { options, progress, signal }: Pick<Session, 'progress' | 'signal'> & { readonly options: { readonly seed: number } },
  work: (context: (measurable: Measurable) => PhaseContext) => Promise<Result>
): Promise<Result> {
  const generator: GeneratorChild = startChild(new URL('./generator.ts', import.meta.url))
  try {
    return await work(({ target, pids }) => ({
      generator,
      pids: { ...pids, generator: generator.pid },
      target,
      progress,
      signal,
      seed: options.seed
    }))
  } finally {
    await (generator as Child<unknown, unknown, unknown>).stop()
  }
}
