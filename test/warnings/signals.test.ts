import { describe, expect, test } from 'vitest'
import type { LoanEvent } from '../../src/domain/loan-event.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createFeatureSet } from '../../src/features/vector.ts'
import { foldLoan, loanAsOf } from '../../src/loans/fold-loan.ts'
import { levelOf } from '../../src/warnings/assess.ts'
import { readsApplication } from '../../src/warnings/model-score.ts'
import { WARNING_RULES } from '../../src/warnings/rules.ts'
import { signalsOf } from '../../src/warnings/signals.ts'

const DAY_MS = 86_400_000
const PAID_OUT_MS = Date.UTC(2026, 0, 1)
const { names } = createFeatureSet(CATALOGUE)
const valuesWith = (known: Record<string, number>) => Float64Array.from(names, (name) => known[name] ?? Number.NaN)

describe('signs of trouble', () => {
  test('every rule reads a sign that there is, and what is not known warns of nothing', () => {
    const signals = signalsOf({ names, values: valuesWith({}) })
    for (const rule of WARNING_RULES)
      expect([rule.id, levelOf(rule, signals(rule.signal))]).toEqual([rule.id, undefined])
  })

  test('a rule on a sign that there is not fails at once', () => {
    expect(() => signalsOf({ names, values: valuesWith({}) })('applicant.mood')).toThrow('applicant.mood')
  })

  test('thresholds of a rule rise with urgency and rules have names of their own', () => {
    for (const { from } of WARNING_RULES) {
      const least = [from.yellow, from.orange, from.red].filter((value) => value !== undefined)
      expect(least).toEqual(least.toSorted((left, right) => left - right))
    }
    expect(new Set(WARNING_RULES.map(({ id }) => id)).size).toBe(WARNING_RULES.length)
  })

  test('a missed payment, a broken promise, lost contact and applications while overdue come from the loan', () => {
    const events: LoanEvent[] = [
      contact('c1', 40, 'reached'),
      contact('c2', 41, 'not_reached'),
      contact('c3', 42, 'not_reached'),
      { ...contact('c4', 36, 'promised'), data: { ...contact('c4', 36, 'promised').data, promisedMinor: 100 } }
    ]
    const signals = signalsAt(45, events, { 'applicant.applications_7d': 2 })
    expect(signals('loan.days_past_due')).toBe(15)
    expect(signals('loan.contacts_failed')).toBe(2)
    expect(signals('loan.broken_promises')).toBe(1)
    expect(signals('loan.applications_while_overdue_7d')).toBe(2)
  })

  test('contacts of the future and applications of a borrower who owes nothing yet say nothing', () => {
    const signals = signalsAt(10, [contact('c2', 41, 'not_reached')], { 'applicant.applications_7d': 2 })
    expect([signals('loan.contacts_failed'), signals('loan.applications_while_overdue_7d')]).toEqual([0, 0])
  })

  test('a rise is what the newest is above the mean, and a drained limit counts after a new device only', () => {
    const drained = { 'applicant.utilisation_last_permille': 980, 'applicant.utilisation_mean_90d_permille': 400 }
    const known = signalsOf({ names, values: valuesWith({ ...drained, 'applicant.new_device_logins_30d': 0 }) })
    expect(known('applicant.utilisation_rise_permille')).toBe(580)
    expect(known('applicant.drained_on_new_device_permille')).toBeNaN()
    const fresh = signalsOf({ names, values: valuesWith({ ...drained, 'applicant.new_device_logins_30d': 1 }) })
    expect(fresh('applicant.drained_on_new_device_permille')).toBe(980)
  })

  test('a model that reads what was asked for is told apart from one of behaviour alone', () => {
    expect(readsApplication(CATALOGUE, ['applicant.bill_months_late_last'])).toBe(false)
    expect(readsApplication(CATALOGUE, ['applicant.amount_to_principal_max'])).toBe(true)
  })
})

function signalsAt(day: number, events: readonly LoanEvent[], known: Record<string, number>) {
  const history = foldLoan([disbursed, ...events], { utcOffsetMinutes: 0, graceDays: 0 })
  const loan = loanAsOf(history, PAID_OUT_MS + day * DAY_MS)
  if (loan === undefined) throw new Error('the loan was paid out')
  return signalsOf({ names, values: valuesWith(known), loan: { loan, events: history.events } })
}

const disbursed: LoanEvent = {
  eventId: 'paid-out',
  type: 'loan.disbursed',
  occurredAtMs: PAID_OUT_MS,
  data: { loanId: 'l-1', principalMinor: 1000, termDays: 30 }
}

function contact(eventId: string, day: number, result: 'reached' | 'not_reached' | 'promised') {
  return {
    eventId,
    type: 'collection.contacted',
    occurredAtMs: PAID_OUT_MS + day * DAY_MS,
    data: { loanId: 'l-1', channel: 'call', result }
  } satisfies LoanEvent
}
