import { expect, test } from 'vitest'
import { loanLife } from '../../load-tests/simulator/loan-life.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { DAY_MS, START_MS } from './simulator-worlds.ts'

const LOAN = { applicantId: 'sim-0-p0', principalMinor: 100_000, termDays: 90, instalments: 3, disbursedAtMs: START_MS }
const lives = (hiddenRisk: number) =>
  Array.from({ length: 200 }, (_, index) => [...loanLife(1, { ...LOAN, loanId: `loan-${index}` }, { hiddenRisk })])

test('a loan without risk is repaid in all its instalments and closed; its times rise', () => {
  for (const events of lives(0)) {
    expect(events.map(({ type }) => type)).toEqual([
      'loan.disbursed',
      ...Array(3).fill('repayment.received'),
      'loan.closed'
    ])
    const times = events.map(({ occurredAtMs }) => occurredAtMs)
    expect(times).toEqual(times.toSorted((left, right) => left - right))
    expect(times.at(-1)).toBeLessThan(START_MS + 91 * DAY_MS)
  }
})

test('a fraud never pays anything', () => {
  for (const events of lives(1)) expect(events.map(({ type }) => type)).toEqual(['loan.disbursed', 'repayment.failed'])
})

test('as many loans fail as the hidden risk says, and the same ones every time', () => {
  const failed = lives(0.3).filter((events) => events.at(-1)?.type === 'repayment.failed').length
  expect(failed).toBeGreaterThan(40)
  expect(failed).toBeLessThan(80)
  expect(lives(0.3)).toEqual(lives(0.3))
})

test('its events are what the service accepts', () => {
  const edge = createEdge((_tenant, kind, value) => `${kind}:${value}`)
  for (const event of lives(0.3).flat())
    expect(edge.toEvent('offline', event, '', Number.POSITIVE_INFINITY)).toHaveProperty('eventId')
})
