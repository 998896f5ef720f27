const CALLS = 20_000
const ROUNDS = 15

/**
 * Median microseconds a call of each contender, measured in turns in one process, because the machine’s speed drifts: only
 * ratios of one run mean anything. Each contender must use its result, or the compiler may drop the work.
 */
export function measureInterleaved<Name extends string>(
  contenders: Record<Name, (index: number) => unknown>,
  calls = CALLS
): Promise<Record<Name, number>> {
  const samplers = Object.entries<(index: number) => unknown>(contenders).map(
    ([name, call]) => [name, () => callOften(call, calls)] as const
  )
  return mediansInTurns(Object.fromEntries(samplers) as Record<Name, () => number>, { rounds: ROUNDS, warmUpRounds: 1 })
}

interface Turns {
  readonly rounds: number
  /** Before them, not counted. */
  readonly warmUpRounds: number
  readonly onRound?: (round: number) => void
}

/** The median of what each sampler gives in rounds in which all have their turn. */
export async function mediansInTurns<Name extends string>(
  samplers: Record<Name, () => number | Promise<number>>,
  { rounds, warmUpRounds, onRound = () => {} }: Turns
): Promise<Record<Name, number>> {
  const all = (Object.keys(samplers) as Name[]).map((name) => ({
    name,
    sample: samplers[name],
    samples: [] as number[]
  }))
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    onRound(round)
    for (const { sample, samples } of all) {
      const value = await sample()
      if (round >= warmUpRounds) samples.push(value)
    }
  }
  return Object.fromEntries(all.map(({ name, samples }) => [name, median(samples)])) as Record<Name, number>
}

function callOften(call: (index: number) => unknown, times: number): number {
  const startedAtMs = performance.now()
  let used = 0
  for (let index = 0; index < times; index++) if (call(index) !== undefined) used++
  if (used === 0) throw new Error('a contender gives nothing')
  return ((performance.now() - startedAtMs) * 1000) / times
}

export function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] as number
}
