const CALLS = 20_000
const ROUNDS = 15

/**
 * Median microseconds a call of each contender, measured in turns in one process, because the machine’s speed drifts: only
 * ratios of one run mean anything. Each contender must use its result, or the compiler may drop the work.
 */
export function measureInterleaved<Name extends string>(
  contenders: Record<Name, (index: number) => unknown>,
  calls = CALLS
): Record<Name, number> {
  const names = Object.keys(contenders) as Name[]
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>
  for (const name of names) callOften(contenders[name], calls)
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of names) samples[name].push(callOften(contenders[name], calls))
  }
  return Object.fromEntries(names.map((name) => [name, median(samples[name])])) as Record<Name, number>
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
