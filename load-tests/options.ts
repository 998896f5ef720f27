import { APPENDFSYNC, type Appendfsync } from './appendfsync.ts'
import { ARRIVALS, type Arrivals } from './arrivals.ts'
import { oneOf, parseStrictly, whole } from './command-line.ts'

export const PARTS = ['open-loop', 'saturation'] as const
export type Part = (typeof PARTS)[number]

export interface LoadOptions {
  readonly rates: readonly number[]
  readonly seconds: number
  readonly arrivals: Arrivals
  readonly connections: number
  readonly saturationSeconds: number
  readonly rounds: number
  readonly seed: number
  readonly appendfsync: Appendfsync
  readonly parts: readonly Part[]
  readonly jsonFile: string | undefined
  readonly profileFile: string | undefined
}

export const USAGE = `npm run load -- [options]

Starts a Redis, a gateway, an ingest and a monitor of its own, loads them, prints what it found and ends them.
Latency at fixed arrival rates comes first (an open loop of our own), then saturation (autocannon), each beside a
Fastify route that does nothing but validate and answer, measured in the same run. load-tests/README.md tells how to
read it. The exit code is 0 when the run itself worked, whether the goals hold or not.

  --rates 500,1000,2000   arrivals a second, one run each
  --seconds 10            length of each of them, after a warm-up
  --arrivals poisson      or fixed: evenly spaced
  --connections 128       of autocannon
  --rounds 3              of saturation, the route that does nothing and the gateway in turn; medians count
  --only PART             open-loop or saturation
  --quick                 2 seconds a rate, 2 rounds of 3 seconds: for a look, not for a claim
  --seed 1                of traffic and arrivals
  --appendfsync always    of Redis, as in production; or everysec, to see what durability costs
  --json FILE             all numbers, latencies in milliseconds
  --profile FILE          a .cpuprofile of the gateway's main thread at saturation, and its costliest functions;
                          profiling slows it down, so take no numbers from such a run
  --help                  this text
`

const SPEC = {
  rates: { type: 'string' },
  seconds: { type: 'string' },
  arrivals: { type: 'string' },
  connections: { type: 'string' },
  rounds: { type: 'string' },
  only: { type: 'string' },
  quick: { type: 'boolean' },
  seed: { type: 'string' },
  appendfsync: { type: 'string' },
  json: { type: 'string' },
  profile: { type: 'string' },
  help: { type: 'boolean', short: 'h' }
} as const

const MAX_RATE = 50_000
const MAX_SECONDS = 3600

/** The options, or 'help'. @throws OptionError */
export function parseOptions(args: readonly string[]): LoadOptions | 'help' {
  const { values } = parseStrictly({ args: [...args], options: SPEC })
  if (values.help === true) return 'help'
  const quick = values.quick === true
  return {
    rates: (values.rates ?? '500,1000,2000').split(',').map((rate) => whole('--rates', rate, 1, MAX_RATE)),
    seconds: whole('--seconds', values.seconds ?? (quick ? '2' : '10'), 1, MAX_SECONDS),
    arrivals: oneOf('--arrivals', values.arrivals ?? 'poisson', ARRIVALS),
    connections: whole('--connections', values.connections ?? '128', 1, 1000),
    saturationSeconds: quick ? 3 : 5,
    rounds: whole('--rounds', values.rounds ?? (quick ? '2' : '3'), 1, 20),
    seed: whole('--seed', values.seed ?? '1', 0, 0xffff_ffff),
    appendfsync: oneOf('--appendfsync', values.appendfsync ?? 'always', APPENDFSYNC),
    parts: values.only === undefined ? PARTS : [oneOf('--only', values.only, PARTS)],
    jsonFile: values.json,
    profileFile: values.profile
  }
}
