import { writeFileSync } from 'node:fs'
import type { DecideInput, Verdict } from '../../src/policy/engine.ts'
import { compilePolicy } from '../../src/policy/engine.ts'
import { loadRules } from '../../src/policy/load-rules.ts'
import { assertWritable, parseStrictly, runProgram } from '../command-line.ts'
import { createRandom } from '../random.ts'
import { goalsTable, table } from '../tables.ts'
import { FEATURES, MODEL, madeUpInput, POLICY } from './policy/made-up.ts'

const USAGE = `npm run bench:policy -- [--json FILE]

What deciding costs with the features in hand: ten rules, three tables, the rule packs of China, a limit, a price and nine
offers with their schedules. Beside it JSON.stringify of the same verdicts, because the machine’s speed drifts: the ratio
holds better than the microseconds. A few seconds.

  --json FILE   {decideMicros: {median, p99}}
  --help        this text
`
const SEED = 1
const INPUTS = 512
const WARM_UP_CALLS = 20_000
const CALLS = 40_000
const OFFERS = 9
const GOAL_MICROS = 30

interface Spread {
  readonly median: number
  readonly p99: number
}

/** Microseconds of single calls, in order of size. */
function measure(call: (index: number) => unknown): Spread {
  for (let index = 0; index < WARM_UP_CALLS; index++) call(index % INPUTS)
  const micros = new Float64Array(CALLS)
  for (let index = 0; index < CALLS; index++) {
    const startedAtMs = performance.now()
    if (call(index % INPUTS) === undefined) throw new Error('a call gives nothing')
    micros[index] = (performance.now() - startedAtMs) * 1000
  }
  micros.sort()
  const at = (share: number) => micros[Math.floor(CALLS * share)] as number
  return { median: at(0.5), p99: at(0.99) }
}

async function bench(jsonFile: string | undefined): Promise<void> {
  const decide = compilePolicy(POLICY, MODEL, FEATURES, { rules: await loadRules() })
  const random = createRandom(SEED)
  const inputs: readonly DecideInput[] = Array.from({ length: INPUTS }, (_, index) => madeUpInput(random, index))
  const verdicts: readonly Verdict[] = inputs.map(decide)
  const wrong = verdicts.find(({ offers }) => offers.length !== OFFERS)
  if (wrong !== undefined)
    throw new Error(`a verdict has ${wrong.offers.length} offers: ${JSON.stringify(wrong.reasons)}`)
  const decideMicros = measure((index) => decide(inputs[index] as DecideInput))
  const stringifyMicros = measure((index) => JSON.stringify(verdicts[index]))
  const row = (name: string, { median, p99 }: Spread) => [
    name,
    median.toFixed(1),
    p99.toFixed(1),
    (median / stringifyMicros.median).toFixed(2)
  ]
  process.stdout.write(
    `Ten rules, three tables, ${OFFERS} offers; microseconds a call\n${table(
      ['', 'median', 'p99', '× stringify'],
      [row('decide', decideMicros), row('JSON.stringify of the verdict', stringifyMicros)]
    )}\n`
  )
  const goal = {
    name: `features in hand to offers and reasons in at most ${GOAL_MICROS} µs (median)`,
    measured: `${decideMicros.median.toFixed(1)} µs`,
    holds: decideMicros.median <= GOAL_MICROS
  }
  process.stdout.write(`${goalsTable([goal])}\n`)
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify({ decideMicros }, null, 2)}\n`)
}

/** @throws OptionError */
function parse(args: readonly string[]) {
  const options = { json: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const
  const { values } = parseStrictly({ args: [...args], options })
  if (values.json !== undefined) assertWritable(values.json)
  return values
}

await runProgram('bench:policy', USAGE, async (args) => {
  const { json, help } = parse(args)
  if (help === true) process.stdout.write(USAGE)
  else await bench(json)
})
