import { expect, test } from 'vitest'
import { DistinctAccumulator } from '../../src/features/accumulators.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import type { Column } from '../../src/features/tile-layout.ts'
import { layoutOf } from './folding.ts'

const column = layoutOf(CATALOGUE).columns.find(({ state }) => state === 'distinct') as Column

test('distinct values are told from repeats however many windows were counted before', () => {
  const accumulator = new DistinctAccumulator(2 ** 32 - 4)
  const counts = Array.from({ length: 8 }, () => {
    accumulator.start(column)
    for (const value of [7, 8, 7, 8, 7]) accumulator.add(value)
    return accumulator.value()
  })
  expect(counts).toEqual(new Array(8).fill(2))
})
