import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addTerm, isoDate } from '../../src/domain/calendar.ts'
import { dueDates } from '../../src/domain/due-dates.ts'

const dayOf = (date: string) => Date.parse(`${date}T00:00:00Z`) / 86_400_000

test('due dates are the payout’s day of each month, or the month’s last day where there is none', () => {
  const { dates, days } = dueDates(dayOf('2027-11-30'), { count: 1, unit: 'month' }, 4)
  expect(dates).toEqual(['2027-12-30', '2028-01-30', '2028-02-29', '2028-03-30'])
  expect(days).toEqual([30, 61, 91, 121])
  expect(dueDates(dayOf('2026-12-31'), { count: 2, unit: 'month' }, 2).dates).toEqual(['2027-02-28', '2027-04-30'])
  expect(dueDates(dayOf('2026-12-20'), { count: 30, unit: 'day' }, 2).dates).toEqual(['2027-01-19', '2027-02-18'])
})

test('due dates are those that the calendar gives one by one, from any day and at any interval', () => {
  const every = fc.record({
    count: fc.integer({ min: 1, max: 40 }),
    unit: fc.constantFrom('day' as const, 'month' as const)
  })
  const startDay = fc.integer({ min: dayOf('1999-01-01'), max: dayOf('2105-12-31') })
  fc.assert(
    fc.property(startDay, every, fc.integer({ min: 1, max: 60 }), (start, interval, count) => {
      const { days, dates } = dueDates(start, interval, count)
      const expected = Array.from({ length: count }, (_, index) =>
        addTerm(start, { ...interval, count: interval.count * (index + 1) })
      )
      expect(dates).toEqual(expected.map(isoDate))
      expect(days).toEqual(expected.map((day) => day - start))
    })
  )
})
