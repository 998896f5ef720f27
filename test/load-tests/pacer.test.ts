import { expect, test } from 'vitest'
import { planStart } from '../../load-tests/pacer.ts'

test('a pacer is never ahead of the sender, however long the clocks take to read: the last request was never sent', () => {
  let passedMs = 1000
  const slowly = () => {
    passedMs += 0.3
    return passedMs
  }
  const { startMs, startNanos } = planStart(250, { nowMs: slowly, nowNanos: () => BigInt(Math.round(slowly() * 1e6)) })
  expect(Number(startNanos) / 1e6).toBeGreaterThanOrEqual(startMs)
  expect(startMs).toBeCloseTo(1250.3, 6)
})
