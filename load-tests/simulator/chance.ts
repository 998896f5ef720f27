import { hash32 } from '../../src/domain/hash.ts'
import { createRandom, pick, type Random } from '../random.ts'

/** Draws of one actor: the same for the same seed and name, whatever other actors draw. */
export interface Chance {
  readonly random: Random
  readonly is: (probability: number) => boolean
  /** A whole number, both ends included. */
  readonly whole: (from: number, to: number) => number
  readonly between: (from: number, to: number) => number
  readonly pick: <Value>(values: readonly Value[]) => Value
  /** A key by its weight; weights need not add up to one. */
  readonly weighted: <Key extends string>(weights: Readonly<Record<Key, number>>) => Key
  /** Time to the next of events that come at random, by their mean distance. */
  readonly gap: (mean: number) => number
  /** Log-normal: half lie below the median, two thirds between it divided and multiplied by e^spread. */
  readonly around: (median: number, spread: number) => number
}

export function createChance(seed: number, name: string): Chance {
  const random = createRandom(hash32(name, seed))
  return {
    random,
    is: (probability) => random() < probability,
    whole: (from, to) => from + Math.floor(random() * (to - from + 1)),
    between: (from, to) => from + random() * (to - from),
    pick: (values) => pick(random, values),
    weighted: (weights) => weighted(random, weights),
    gap: (mean) => -mean * Math.log(1 - random()),
    around: (median, spread) => median * Math.exp(spread * normal(random))
  }
}

function weighted<Key extends string>(random: Random, weights: Readonly<Record<Key, number>>): Key {
  const entries = Object.entries(weights) as [Key, number][]
  let left = random() * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [key, weight] of entries) {
    left -= weight
    if (left < 0) return key
  }
  return (entries.at(-1) as [Key, number])[0]
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
