import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gridsOf, TILES_A_WINDOW } from '../../src/features/tile-layout.ts'
import { cases } from './declarations.ts'

test('a tile is at most 1/64 of its window, more than half of that, and divides the next wider one', () => {
  const windows = fc.uniqueArray(fc.integer({ min: 60_000, max: 400 * 86_400_000 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(windows, (drawn) => {
      const windowsMs = drawn.toSorted((left, right) => left - right)
      const gridsMs = gridsOf(windowsMs)
      gridsMs.forEach((gridMs, index) => {
        expect(gridMs).toBeLessThanOrEqual((windowsMs[index] as number) / TILES_A_WINDOW)
        expect(gridMs * 2.01).toBeGreaterThan((windowsMs[index] as number) / TILES_A_WINDOW)
        expect(gridMs % (gridsMs[index - 1] ?? gridMs)).toBe(0)
      })
    }),
    cases(500)
  )
})
