import { startChild } from '../child.ts'
import { loanHistory } from '../loan-history.ts'
import type { NoopAddress, NoopTask } from '../noop-server.ts'
import { openLoopPhase, type PhaseContext, saturationPhase, settle } from '../phases.ts'
import type { Progress } from '../progress.ts'
import { postDecision, postEvents } from '../service-client.ts'
import { type Measurable, withGenerator } from '../session.ts'
import type { ServiceUnderTest } from '../stack.ts'
import { createTraffic } from '../traffic.ts'
import { total } from './baseline.ts'
import { startBeside } from './besides.ts'
import type { Scenario, ScenarioPhase } from './catalogue.ts'
import { findingsOf, type PhaseOutcome } from './findings.ts'
import type { NoopFloor, ScenarioReport } from './report.ts'
import { startSampling } from './samples.ts'

export interface ScenarioRun {
  readonly scenario: Scenario
  readonly service: ServiceUnderTest
  readonly rate: number
  readonly seconds: number
  readonly seed: number
  readonly progress: Progress
  readonly signal: AbortSignal
}

type ContextOf = (measurable: Measurable) => PhaseContext

const WARM_UP = { connections: 64, seconds: 12, requests: 20_000 }
const NOOP_SECONDS = 3
const NOOP_WARM_UP_SECONDS = 2
const PHASE_WARM_UP_SECONDS = 3
const SAMPLES = 51

/** One scenario against a service that is up. */
export async function runScenario(run: ScenarioRun): Promise<ScenarioReport> {
  const { scenario, service, rate, seconds, progress, signal } = run
  const { name, proves, limits, isCold = false } = scenario
  const phases = scenario.phases(rate, seconds)
  const session = { options: { seed: run.seed }, progress, signal }
  const client = { port: service.port, key: service.key, signal }
  const cold = isCold ? await withGenerator(session, (context) => measureAll(run, context, phases, [])) : null
  if (!isCold) {
    progress.tick(`${name}: telling the service of earlier loans`)
    await postEvents(client, loanHistory(Date.now()))
  }
  const answers = await sample(run)
  const noopServer = startChild<NoopTask, never, NoopAddress>(new URL('../noop-server.ts', import.meta.url))
  try {
    const { port } = await noopServer.run({ answer: answers[0] as string }, { signal })
    const noopTarget = { target: { port, key: service.key }, pids: { noop: noopServer.pid } }
    const floorRate = phases[0]?.segments[0]?.fromPerSecond ?? rate
    const noop = await withGenerator(session, (context) => measureNoop(context(noopTarget), floorRate))
    const outcomes = cold ?? (await withGenerator(session, (context) => measureAll(run, context, phases, answers)))
    return { name, proves, limits, noop, phases: outcomes, findings: findingsOf(name, outcomes) }
  } finally {
    await noopServer.stop()
  }
}

async function sample({ service, seed, signal }: ScenarioRun): Promise<string[]> {
  const traffic = createTraffic({ seed, prefix: 'sample' })
  const answers: string[] = []
  for (let index = 0; index < SAMPLES; index++) answers.push(await postDecision({ ...service, signal }, traffic.next()))
  return answers
}

async function measureNoop(context: PhaseContext, ratePerSecond: number): Promise<NoopFloor> {
  const rates = { ratePerSecond, seconds: NOOP_SECONDS, warmUpSeconds: NOOP_WARM_UP_SECONDS }
  const row = await openLoopPhase(context, { ...rates, name: `no-op at ${ratePerSecond}/s`, arrivals: 'poisson' })
  return { p50: row.p50, p99: row.p99, cpuMicros: total(row.cpuMicrosPerRequest) }
}

async function measureAll(
  run: ScenarioRun,
  contextOf: ContextOf,
  phases: readonly ScenarioPhase[],
  answers: readonly string[]
): Promise<PhaseOutcome[]> {
  const { service, scenario, progress, signal } = run
  const context = contextOf({ target: service, pids: service.pids })
  if (scenario.isCold !== true) await saturationPhase(context, { ...WARM_UP, name: `${scenario.name}: warming up` })
  const { gateway: _, ...workers } = service.pids
  const outcomes: PhaseOutcome[] = []
  for (const phase of phases) {
    if (scenario.isCold !== true) await settle(workers, { progress, signal })
    outcomes.push(await measurePhase(run, context, phase, answers))
    service.assertUndisturbed()
  }
  return outcomes
}

async function measurePhase(
  { service, scenario }: ScenarioRun,
  context: PhaseContext,
  { name, segments, traffic, beside }: ScenarioPhase,
  answers: readonly string[]
): Promise<PhaseOutcome> {
  const seconds = segments.reduce((sum, segment) => sum + segment.seconds, 0)
  const decisionIds = answers.map((answer) => (JSON.parse(answer) as { decisionId: string }).decisionId)
  const stopBeside = beside && (await startBeside(beside, { service, decisionIds }))
  let sampling: ReturnType<typeof startSampling> | undefined
  const row = await openLoopPhase(
    { ...context, onMeasuring: () => (sampling = startSampling(() => context.pids)) },
    {
      name: `${scenario.name}, ${name}`,
      arrivals: 'poisson',
      ratePerSecond: segments.reduce(
        (sum, each) => sum + (each.fromPerSecond + each.toPerSecond) / 2 / segments.length,
        0
      ),
      seconds,
      warmUpSeconds: scenario.isCold === true || beside !== undefined ? 0 : PHASE_WARM_UP_SECONDS,
      segments,
      ...(traffic && { traffic })
    }
  )
  const samples = sampling?.stop() ?? []
  return { name, row, samples, beside: stopBeside ? await stopBeside() : null }
}
