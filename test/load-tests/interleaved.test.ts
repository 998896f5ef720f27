import { expect, test } from 'vitest'
import { mediansInTurns } from '../../load-tests/bench/interleaved.ts'

test('contenders are sampled in turns, what warms up is not counted, and medians are what counts', async () => {
  const order: string[] = []
  const sampler = (name: string, samples: number[]) => async () => {
    order.push(name)
    return samples.shift() ?? Number.NaN
  }
  const medians = await mediansInTurns(
    { left: sampler('left', [900, 900, 3, 1, 800]), right: sampler('right', [0, 0, 5, 7, 6]) },
    { rounds: 3, warmUpRounds: 2, onRound: (round) => order.push(String(round)) }
  )
  expect(medians).toEqual({ left: 3, right: 6 })
  expect(order).toEqual([0, 1, 2, 3, 4].flatMap((round) => [String(round), 'left', 'right']))
})
