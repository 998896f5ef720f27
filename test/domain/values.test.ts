import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addTerm, isoDate, localDay } from '../../src/domain/calendar.ts'
import {
  normaliseCard,
  normaliseEmail,
  normaliseIp,
  normaliseNationalId,
  normalisePhone
} from '../../src/domain/identity.ts'
import { partitionOf, UUID_PATTERN, withPartition } from '../../src/domain/ids.ts'
import { floorToStep, roundHalfUp } from '../../src/domain/money.ts'
import { rankReasons } from '../../src/domain/reasons.ts'
import { isUsablePd, scorePoints } from '../../src/domain/score-scale.ts'

describe('score scale', () => {
  const scale = { baseScore: 600, baseOdds: 50, pointsToDouble: 20 }
  test.each([
    [0.01, 619.71],
    [0.02, 599.42],
    [0.05, 572.08],
    [0.1, 550.52],
    [0.2, 527.12]
  ])('a probability of %f is %f points', (pd, points) => {
    expect(scorePoints(pd, scale)).toBeCloseTo(points, 2)
  })

  test.each([Number.NaN, Infinity, -Infinity, -0.1, 0, 1, 1.7])('%f can never decide', (pd) => {
    expect(isUsablePd(pd)).toBe(false)
  })
})

describe('calendar', () => {
  const day = (iso: string) => Date.parse(iso) / 86_400_000
  test('a month after the end of a long month is the end of the short one', () => {
    expect(isoDate(addTerm(day('2027-01-31'), { count: 1, unit: 'month' }))).toBe('2027-02-28')
    expect(isoDate(addTerm(day('2028-01-31'), { count: 1, unit: 'month' }))).toBe('2028-02-29')
    expect(isoDate(addTerm(day('2026-12-15'), { count: 13, unit: 'month' }))).toBe('2028-01-15')
  })
  test('days are added as days', () => {
    expect(isoDate(addTerm(day('2026-02-27'), { count: 30, unit: 'day' }))).toBe('2026-03-29')
  })
  test('every date of four centuries is the one that Date knows', () => {
    fc.assert(
      fc.property(fc.integer({ min: -36_524, max: 109_572 }), (number) => {
        expect(isoDate(number)).toBe(new Date(number * 86_400_000).toISOString().slice(0, 10))
      })
    )
  })
  test('late in the evening in UTC it is the next day in Lagos and Shanghai', () => {
    const at = Date.parse('2026-11-23T23:30:00Z')
    expect(isoDate(localDay(at, 0))).toBe('2026-11-23')
    expect(isoDate(localDay(at, 60))).toBe('2026-11-24')
  })
})

describe('identifiers of people', () => {
  test('one phone has one spelling', () => {
    expect(new Set(['+234 801 234-5678', '00234(801)2345678', '2348012345678'].map(normalisePhone)).size).toBe(1)
  })
  test('cards, national ids and e-mail addresses lose spacing and case', () => {
    expect(normaliseCard('6222 0000-1111')).toBe('622200001111')
    expect(normaliseNationalId('11010519491231002x')).toBe('11010519491231002X')
    expect(normaliseEmail('Ａda@Example.COM')).toBe('ada@example.com')
  })
  test('IPv6 addresses of one /64 are one network', () => {
    expect(normaliseIp('2001:db8:0:1::5')).toBe(normaliseIp('2001:0DB8::1:ffff:0:0:9'))
    expect(normaliseIp('2001:db8:0:1::5')).not.toBe(normaliseIp('2001:db8:0:2::5'))
  })
  test('an IPv4 address inside IPv6 is the IPv4 address', () => {
    expect(normaliseIp('::ffff:10.1.2.3')).toBe('10.1.2.3')
    expect(normaliseIp('::ffff:a01:203')).toBe('10.1.2.3')
  })
  test.each(['1.2.3', '1.2.3.4.5', '256.1.1.1', '1::2::3', '12345::', 'fe80', ':', '1:2:3:4:5:6:7:8:9', '1.2.3.4.'])(
    '%s is no address',
    (text) => {
      expect(normaliseIp(text)).toBeUndefined()
    }
  )
})

describe('small values', () => {
  test('halves round up and steps round down', () => {
    expect([roundHalfUp(0.5), roundHalfUp(1.49), roundHalfUp(2.5)]).toEqual([1, 1, 3])
    expect(floorToStep(149_999, 50_000)).toBe(100_000)
  })
  test('a decision id gives back its partition and stays a UUIDv7', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 63 }), (partition) => {
        const id = withPartition('0197c0de-aaaa-7bbb-8ccc-1234567890ab', partition)
        expect(id).toMatch(new RegExp(UUID_PATTERN))
        expect(partitionOf(id)).toBe(partition)
      })
    )
  })
  test('reasons are distinct, ranked and at most four', () => {
    const reasons = rankReasons(['R101', 'R101', 'R102', 'R120', 'R130', 'R132'])
    expect(reasons.map(({ code, rank }) => `${rank} ${code}`)).toEqual(['1 R101', '2 R102', '3 R120', '4 R130'])
    for (const { text } of reasons) expect(text.zh !== '' && text.en !== '').toBe(true)
  })
})
