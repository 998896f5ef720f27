import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inDayOrder, type Movement } from '../../src/cli/account-days.ts'

const DAY_MS = 86_400_000
const movements = fc
  .array(
    fc.record({
      dayMs: fc.constantFrom(0, DAY_MS),
      amountMinor: fc.integer({ min: -30, max: 30 }).map((n) => n * 100)
    }),
    { maxLength: 8 }
  )
  .map((moves) => moves.toSorted((left, right) => left.dayMs - right.dayMs))

test('movements come back in an order in which each balance follows from the one before, whatever their ids', () => {
  fc.assert(
    fc.property(movements, fc.infiniteStream(fc.nat(1e6)), (moves, ids) => {
      const told = withBalances(moves, (index) => (ids.next().value as number) * 10 + index)
      const days = inDayOrder(told.toSorted((left, right) => left.id - right.id))
      expect(days.every(({ isChain }) => isChain)).toBe(true)
      expect(days.flatMap((day) => day.movements).toSorted(byId)).toStrictEqual(told.toSorted(byId))
      for (const day of days) expect(breaksOf(day.movements)).toBe(0)
    })
  )
})

test('a day has a chain exactly when one of all its orders is one', () => {
  const day = fc.array(
    fc.record({ amountMinor: fc.constantFrom(-100, 100, 200), balanceMinor: fc.constantFrom(0, 100, 200, 300) }),
    { minLength: 1, maxLength: 5 }
  )
  fc.assert(
    fc.property(day, (moves) => {
      const told = moves.map((move, id) => ({ ...move, id, dayMs: 0 }))
      const isChain = permutations(told).some((order) => breaksOf(order) === 0)
      expect(inDayOrder(told)[0]?.isChain).toBe(isChain)
    })
  )
})

test('what no order explains stays in the order of ids, and a tenth of a crown is rounding', () => {
  const told = [
    { id: 2, dayMs: 0, amountMinor: 1000, balanceMinor: 5000 },
    { id: 1, dayMs: 0, amountMinor: 1000, balanceMinor: 900_000 }
  ]
  expect(inDayOrder(told)).toStrictEqual([{ dayMs: 0, movements: told.toReversed(), isChain: false }])
  const rounded = [told[0], { id: 1, dayMs: 0, amountMinor: 1004, balanceMinor: 6010 }] as Movement[]
  expect(inDayOrder(rounded)).toStrictEqual([{ dayMs: 0, movements: rounded, isChain: true }])
})

test('a day of which every part fits everywhere ends soon', () => {
  const told = Array.from({ length: 40 }, (_, id) => ({
    id,
    dayMs: 0,
    amountMinor: 0,
    balanceMinor: id === 39 ? 9e6 : 0
  }))
  expect(inDayOrder(told)[0]?.isChain).toBe(false)
})

function withBalances(moves: readonly Omit<Movement, 'id' | 'balanceMinor'>[], idOf: (index: number) => number) {
  let balanceMinor = 0
  return moves.map((move, index) => {
    balanceMinor += move.amountMinor
    return { ...move, id: idOf(index), balanceMinor }
  })
}

function breaksOf(order: readonly Movement[]): number {
  return order.filter((move, index) => {
    const before = order[index - 1]
    return before !== undefined && before.balanceMinor + move.amountMinor !== move.balanceMinor
  }).length
}

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]))
}

function byId(left: Movement, right: Movement): number {
  return left.id - right.id
}
