import type { jsonReport } from '../json-report.ts'
import type { OverloadResults } from '../overload.ts'
import { type CpuPerRequest, median, type OpenLoopRow } from '../results.ts'
import type { ScenariosReport } from '../scenarios/report.ts'
import { micros, milliseconds, percent, ratio, whole } from './format.ts'

/** One measurement: a program that writes its numbers with `--json`, and the rows that are made of them. */
export interface Part {
  readonly name: string
  /** What a person types to have this alone, at full length. */
  readonly command: string
  readonly program: string
  readonly args: readonly string[]
  readonly rows: readonly { readonly name: string; readonly value: (json: unknown) => string }[]
}

type Values<Json> = Readonly<Record<string, (json: Json) => string>>

/** `Json` is what the program writes; a number that could not be had is null in it. */
function part<Json>(about: Omit<Part, 'rows'>, values: Values<Json>): Part {
  const rows = Object.entries(values).map(([name, value]) => ({ name, value: (json: unknown) => value(json as Json) }))
  return { ...about, rows }
}

interface PolicyJson {
  readonly decideMicros: { readonly median: number; readonly p99: number }
}
interface ScoreJson {
  readonly rows: readonly { batch: number; bare: number; pool: number; poolWithReasons: number }[]
  readonly reasonsShareOfDecision: number
}
interface FeaturesJson {
  readonly readMicros: Readonly<Record<string, number>>
  readonly bytesPerEvent: number
  readonly httpEventsPerSecond: number
  readonly inboxEventsPerSecond: number
  readonly replayEventsPerSecond: number
}

const RATE = 2000
const TIMES = 10
const BATCH = 8

const latencies = (row: OpenLoopRow | null | undefined) =>
  row ? `${milliseconds(row.p50)} / ${milliseconds(row.p99)} / ${milliseconds(row.p999)} ms` : 'no answer'

const sumOf = (cpu: CpuPerRequest, names: readonly string[]) =>
  names.reduce((sum, name) => sum + (cpu[name] ?? Number.NaN), 0)

const load = part<ReturnType<typeof jsonReport>>(
  {
    name: 'load',
    command: 'npm run load',
    program: 'load-tests/run.ts',
    args: ['--rates', String(RATE)]
  },
  {
    'Decisions a second at most, beside the same route doing nothing': ({ saturation, noop }) =>
      saturation ? `${whole(saturation.rps)} of ${whole(noop?.rps)}: ${ratio(saturation.shareOfNoop)}` : 'no answer',
    [`p50 / p99 / p99.9 at ${whole(RATE)} decisions a second`]: ({ openLoop }) => latencies(openLoop[0]),
    'The same of the route doing nothing': ({ noopOpenLoop }) => latencies(noopOpenLoop),
    'CPU of a decision at the most: gateway / Redis / workers': ({ saturation }) => {
      const of = (...names: string[]) =>
        micros(saturation && median(saturation.rounds.map(({ cpuMicrosPerRequest: cpu }) => sumOf(cpu, names))))
      return `${of('gateway')} / ${of('redis')} / ${of('ingest', 'monitor')} µs`
    },
    'Errors meanwhile': ({ openLoop, saturation }) =>
      whole(openLoop.reduce((sum, { errors }) => sum + errors, saturation?.errors ?? 0)),
    'Cores that other programs took meanwhile, at most': ({ openLoop, saturation }) =>
      ratio(Math.max(...[...openLoop, ...(saturation?.rounds ?? [])].map(({ otherCores }) => otherCores)))
  }
)

const overload = part<OverloadResults>(
  {
    name: 'overload',
    command: 'npm run load:overload',
    program: 'load-tests/run-overload.ts',
    args: ['--times', String(TIMES)]
  },
  {
    [`Decisions a second when ${TIMES} times the most is asked for, beside the most`]: ({ goodputShare }) =>
      ratio(goodputShare),
    'p99 of what is decided then, beside that at the most': ({ p99Ratio }) => `${ratio(p99Ratio)} ×`
  }
)

const policy = part<PolicyJson>(
  { name: 'policy', command: 'npm run bench:policy', program: 'load-tests/bench/policy.ts', args: [] },
  {
    'Policy alone, features in hand to nine offers and reasons: median / p99': ({ decideMicros: { median, p99 } }) =>
      `${micros(median)} / ${micros(p99)} µs`
  }
)

const score = part<ScoreJson>(
  { name: 'score', command: 'npm run bench:score', program: 'load-tests/bench/score.ts', args: [] },
  {
    [`A score in a batch of ${BATCH}: onnxruntime / in the pool / with reasons`]: ({ rows }) => {
      const row = rows.find(({ batch }) => batch === BATCH)
      return `${micros(row?.bare)} / ${micros(row?.pool)} / ${micros(row?.poolWithReasons)} µs`
    },
    'Reasons’ part of the CPU of a decision, 30 % explained': ({ reasonsShareOfDecision }) =>
      percent(reasonsShareOfDecision)
  }
)

const features = part<FeaturesJson>(
  { name: 'features', command: 'npm run bench:features', program: 'load-tests/bench/features.ts', args: [] },
  {
    'Every feature of five entities after 1,000 / 100,000 events': ({ readMicros }) =>
      `${micros(readMicros['1000'])} / ${micros(readMicros['100000'])} µs`,
    'Events a second: HTTP / inbox / rebuilt from an archive': (json) =>
      `${whole(json.httpEventsPerSecond)} / ${whole(json.inboxEventsPerSecond)} / ${whole(json.replayEventsPerSecond)}`,
    'Kept of an event': ({ bytesPerEvent }) => `${micros(bytesPerEvent)} bytes`
  }
)

const jobs = part<ScenariosReport>(
  {
    name: 'jobs',
    command: 'npm run load:scenarios -- monitoring',
    program: 'load-tests/scenarios/run.ts',
    args: ['monitoring']
  },
  {
    'p99 of decisions at 500/s beside two monitors that drain 10,000 jobs, to that alone': ({
      scenarios: [scenario]
    }) => {
      const phases = scenario?.phases ?? []
      const times = phases.flatMap(({ row }, at) => {
        const alone = phases[at - 1]
        return at % 2 === 1 && alone !== undefined ? [row.p99 / alone.row.p99] : []
      })
      return `${median(times).toFixed(2)} × (${times.map((value) => value.toFixed(2)).join(', ')})`
    }
  }
)

/** In the order of the table. */
export const PARTS: readonly Part[] = [load, overload, policy, score, features, jobs]
