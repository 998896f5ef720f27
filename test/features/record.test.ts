import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packRecord } from '../../src/features/record.ts'
import { arbitraryHistory } from './behaviour.ts'
import { cases } from './declarations.ts'

test('a record of any type, which is what a tail holds of an event, has at most 63 bytes with every ref', () => {
  const refs = { applicant: 'a', device: 'd', ip: 'i', phone: 'p', card: 'c' }
  fc.assert(
    fc.property(arbitraryHistory(40), (events) => {
      for (const event of events) expect(packRecord({ ...event, refs }).length, event.type).toBeLessThanOrEqual(63)
    }),
    cases(200)
  )
})
