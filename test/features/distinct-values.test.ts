import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DistinctValues } from '../../src/features/distinct-values.ts'
import { MAX_DISTINCT } from '../../src/features/tile-layout.ts'
import { cases } from './declarations.ts'
import { randomOf } from './long-history.ts'

interface Seen {
  readonly value: number
  readonly atMs: number
}

/** More values than are kept, with many at the same time. */
function sightings(seed: number): Seen[] {
  const random = randomOf(seed)
  return Array.from({ length: 700 }, () => ({ value: random(500) - 50, atMs: random(300) }))
}

/** Slow and obvious: the last time of each, newest first, and what comes after the first 256. */
function naive(seen: readonly Seen[], forgottenMs: number): { kept: number[][]; floorMs: number } {
  const last = new Map<number, number>()
  for (const { value, atMs } of seen) last.set(value, Math.max(atMs, last.get(value) ?? -1))
  const all = [...last].filter(([, atMs]) => atMs > forgottenMs).sort(([a, s], [b, t]) => t - s || b - a)
  return { kept: all.slice(0, MAX_DISTINCT), floorMs: all[MAX_DISTINCT]?.[1] ?? -1 }
}

const stateOf = ({ size, value, atMs, floorMs }: DistinctValues) => ({
  kept: Array.from({ length: size }, (_, place) => [value[place], atMs[place]]),
  floorMs
})

test('the newest 256 values are kept, whatever the order of what is the same age, and a floor says what had to go', () => {
  const forgotten = fc.constantFrom(-1, 0, 100, 250)
  fc.assert(
    fc.property(fc.integer(), fc.nat(699), forgotten, (seed, cut, forgottenMs) => {
      const seen = sightings(seed).sort((left, right) => left.atMs - right.atMs)
      const values = new DistinctValues()
      for (const { value, atMs } of seen.slice(0, cut)) values.add(value, atMs)
      values.expire(Math.min(forgottenMs, seen[cut]?.atMs ?? 0) - 1)
      for (const { value, atMs } of seen.slice(cut)) values.add(value, atMs)
      values.expire(forgottenMs)
      expect(stateOf(values)).toEqual(naive(seen, forgottenMs))
    }),
    cases(500)
  )
})
