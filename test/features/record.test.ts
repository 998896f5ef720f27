import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_RETAINED } from '../../src/features/history.ts'
import { packRecord } from '../../src/features/record.ts'
import { arbitraryHistory } from './behaviour.ts'

test('records of every type are so small that a whole profile of them stays under 32 KiB', () => {
  const largest = Math.floor((32 * 1024) / MAX_RETAINED) - 1
  const refs = { applicant: 'a', device: 'd', ip: 'i', phone: 'p', card: 'c' }
  fc.assert(
    fc.property(arbitraryHistory(40), (events) => {
      for (const event of events) expect(packRecord({ ...event, refs }).length, event.type).toBeLessThanOrEqual(largest)
    }),
    { numRuns: 200 }
  )
})
