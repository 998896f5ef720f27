import { writeFileSync } from 'node:fs'
import { parseStrictly, runProgram, untilInterrupted, whole } from './command-line.ts'
import { machine } from './json-report.ts'
import { type OverloadResults, runOverload } from './overload.ts'
import { createProgress } from './progress.ts'
import type { Goal } from './results.ts'
import { startServiceUnderTest } from './stack.ts'
import { goalsTable, table } from './tables.ts'

const USAGE = `npm run load:overload -- [options]

Finds what a service of its own does at most, then offers it many times as much, and prints what is left of it.
docs/overload.md tells how to read it. The exit code is 0 when the run itself worked, whether the goals hold or not.

  --times 10            the saturation rate so many times
  --seconds 4           of saturation and of overload
  --rounds 2            of both in turn; medians count
  --max-in-flight 512   connections of all callers together; what is due beyond is never sent, and counted
  --seed 1
  --json FILE           all numbers, latencies in milliseconds
  --help                this text
`
const CONNECTIONS = 128
const GOAL_GOODPUT_SHARE = 0.9
const GOAL_P99_RATIO = 2

function report({ rounds }: OverloadResults, maxInFlight: number): string {
  const cpu = (micros: Readonly<Record<string, number>>) => Math.round(micros.gateway ?? Number.NaN)
  const rows = rounds.flatMap(({ peak, overload, ...round }) => [
    [
      'saturation',
      ...[peak.rps, peak.rps].map(Math.round),
      peak.p99.toFixed(1),
      0,
      0,
      cpu(peak.cpuMicrosPerRequest),
      peak.otherCores.toFixed(2)
    ],
    [
      `overload ${overload.rate}/s`,
      ...[round.sentPerSecond, round.goodput].map(Math.round),
      overload.p99.toFixed(1),
      round.refused,
      overload.dropped,
      cpu(overload.cpuMicrosPerRequest),
      overload.otherCores.toFixed(2)
    ]
  ])
  const statuses = rounds.map(({ overload }) => JSON.stringify(overload.statuses)).join(' ')
  return [
    table(
      ['', 'sent/s', 'decided/s', 'p99 ms', 'refused', 'never sent', 'gateway µs a request', 'others, cores'],
      rows
    ),
    `  never sent: all ${maxInFlight} connections of the callers were in use. Statuses: ${statuses}\n`,
    '  others are other programs and the hypervisor; above 0.1, measure again\n'
  ].join('')
}

function goalsOf({ goodputShare, p99Ratio }: OverloadResults): Goal[] {
  return [
    {
      name: `decisions under overload at least ${GOAL_GOODPUT_SHARE} of the peak`,
      measured: goodputShare.toFixed(3),
      holds: goodputShare >= GOAL_GOODPUT_SHARE
    },
    {
      name: `p99 of what is decided at most ${GOAL_P99_RATIO} times that at the peak`,
      measured: p99Ratio.toFixed(2),
      holds: p99Ratio <= GOAL_P99_RATIO
    }
  ]
}

async function main(args: string[]): Promise<void> {
  const { values } = parseStrictly({
    args,
    options: {
      times: { type: 'string', default: '10' },
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '2' },
      'max-in-flight': { type: 'string', default: '512' },
      seed: { type: 'string', default: '1' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' }
    }
  })
  if (values.help === true) return void process.stdout.write(USAGE)
  const options = {
    times: whole('--times', values.times, 1, 100),
    seconds: whole('--seconds', values.seconds, 1, 600),
    rounds: whole('--rounds', values.rounds, 1, 20),
    maxInFlight: whole('--max-in-flight', values['max-in-flight'], 1, 20_000),
    seed: whole('--seed', values.seed, 0, 0xffff_ffff),
    connections: CONNECTIONS
  }
  const progress = createProgress(process.stderr)
  const signal = untilInterrupted()
  progress.tick('starting Redis, gateway, ingest and monitor')
  const service = await startServiceUnderTest({ note: progress.note, profiled: false, signal })
  try {
    const results = await runOverload({ service, options, progress, signal })
    progress.done()
    const { node, redis, cpu } = machine(service.redisVersion)
    process.stdout.write(
      `Assay under overload: Node ${node}, Redis ${redis}, ${cpu}, all processes and the generator on it\n`
    )
    process.stdout.write(`${report(results, options.maxInFlight)}\n${goalsTable(goalsOf(results))}\n`)
    if (values.json !== undefined) {
      const all = { ...results, goals: goalsOf(results), settings: options, machine: machine(service.redisVersion) }
      writeFileSync(values.json, `${JSON.stringify(all, null, 2)}\n`)
    }
  } finally {
    progress.tick('ending everything')
    await service.stop()
    progress.done()
  }
}

await runProgram('load:overload', USAGE, main)
