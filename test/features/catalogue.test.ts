import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { submittedEvent } from '../../src/decisions/decide.ts'
import type { Application } from '../../src/domain/application.ts'
import { type AssayEvent, EVENT_TYPE_NAMES, type EventType } from '../../src/domain/event.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { DAY_MS, type EventFeature, HOUR_MS, MINUTE_MS } from '../../src/features/definition.ts'
import { createOfflineBehaviour, replay } from '../../src/features/offline.ts'
import { createFeatureSet, createVectorPicker } from '../../src/features/vector.ts'
import { arbitraryHistory, NOW_MS, naiveFeature } from './behaviour.ts'

const featureSet = createFeatureSet(CATALOGUE)
const EVENT_FEATURES = CATALOGUE.filter((feature): feature is EventFeature => feature.source === 'events')

const application: Application = {
  tenant: 't',
  applicationId: 'x',
  product: 'cash',
  amountMinor: 600_000,
  currency: 'CNY',
  term: { count: 6, unit: 'month' },
  purpose: 'other',
  facts: { monthlyIncomeMinor: 500_000 },
  refs: { applicant: 'a', device: 'd', ip: 'i', phone: 'p', card: 'c' },
  consents: []
}

/** What happened: a type, how long before the decision, its payload, and who else was involved. */
type Told = readonly [type: EventType, beforeMs: number, data?: object, refs?: Partial<AssayEvent['refs']>]

function vectorOf(told: readonly Told[], changes: Partial<Application> = {}) {
  const events = told.map(
    ([type, beforeMs, data = {}, refs = {}], index): AssayEvent => ({
      eventId: `e${index}`,
      type,
      occurredAtMs: NOW_MS - beforeMs,
      tenant: 't',
      refs: { applicant: 'a', ...refs },
      data
    })
  )
  const behaviour = createOfflineBehaviour({ compactFromBytes: 400 })
  const applications = [{ application: { ...application, ...changes }, asOf: NOW_MS }]
  const [replayed] = [...replay({ events, applications, behaviour, featureSet, submittedEvent })]
  return replayed!.features.values
}

function valuesOf(names: readonly string[], told: readonly Told[], changes: Partial<Application> = {}) {
  const values = vectorOf(told, changes)
  return Object.fromEntries(names.map((name) => [name, values[featureSet.names.indexOf(name)]]))
}

const expectValues = (expected: Record<string, number>, told: readonly Told[], changes?: Partial<Application>) =>
  expect(valuesOf(Object.keys(expected), told, changes)).toEqual(expected)

const MISSING = Number.NaN
const asked = (institution: string, lender: string) => ({ provider: 'b', isHit: true, institution, lender })
const order = (merchant: string, amountMinor: number) => ({ orderId: 'o', merchant, amountMinor })
const submitted = { applicationId: 'y', product: 'cash', termDays: 30 }
const repaid = (lagMs: number, beforeMs: number, kind?: string) => ({
  loanId: 'l',
  instalmentNo: 1,
  dueAtMs: NOW_MS - beforeMs - lagMs,
  ...(kind && { kind })
})

describe('worked out by hand:', () => {
  test('bursts of a device and an address, this application included', () => {
    const by = { applicant: 'b', device: 'd', ip: 'i' }
    expectValues(
      {
        'device.applications_10min': 2,
        'ip.applications_10min': 2,
        'device.applications_6h': 3,
        'device.applications_1h_to_24h': (2 / 4) * 24
      },
      [
        ['application.submitted', 10 * MINUTE_MS - 1, submitted, by],
        ['application.submitted', 6 * HOUR_MS - 1, submitted, by],
        ['application.submitted', 6 * HOUR_MS, submitted, by]
      ]
    )
    expectValues({ 'device.applications_1h_to_24h': 8 }, [])
  })

  test('logins and one-time codes', () => {
    expectValues(
      {
        'applicant.login_failures_24h': 3,
        'applicant.login_failures_to_logins_24h': 1.5,
        'applicant.new_device_logins_30d': 1,
        'applicant.login_cities_7d': 2,
        'applicant.otp_requests_24h': 2,
        'applicant.otp_failed_share_24h': 2 / 3
      },
      [
        ['auth.login', HOUR_MS, { isNewDevice: true, city: 'SHA' }],
        ['auth.login', 2 * HOUR_MS, { isNewDevice: false, city: 'PEK' }],
        ['auth.login', 3 * DAY_MS, { city: 'SHA' }],
        ['auth.login', 8 * DAY_MS, { city: 'CAN' }],
        ...[1, 2, 3, 24].map((hours): Told => ['auth.login_failed', hours * HOUR_MS, { reason: 'wrong_secret' }]),
        ['auth.otp_requested', HOUR_MS],
        ['auth.otp_requested', 2 * HOUR_MS, { purpose: 'apply' }],
        ['auth.otp_verified', HOUR_MS, { result: 'passed' }],
        ['auth.otp_verified', HOUR_MS + 1, { result: 'wrong' }],
        ['auth.otp_verified', HOUR_MS + 2, { result: 'expired' }]
      ]
    )
  })

  test('the account and its edits', () => {
    expectValues(
      {
        'applicant.phone_changes_30d': 1,
        'applicant.since_profile_change_days': 0.5,
        'applicant.income_change_90d_permille': 1800,
        'applicant.since_registration_days': 400,
        'card.bound_applicants_lifetime': 2,
        'applicant.since_last_decline_days': 20
      },
      [
        ['account.registered', 400 * DAY_MS, { isInvited: false }],
        ['profile.changed', 3 * DAY_MS, { field: 'phone' }],
        ['profile.changed', 31 * DAY_MS, { field: 'phone' }],
        ['profile.changed', 40 * DAY_MS, { field: 'income', changePermille: 900 }],
        ['profile.changed', 12 * HOUR_MS, { field: 'income', changePermille: 1800 }],
        ['bankcard.bound', 90 * DAY_MS, {}, { card: 'c' }],
        ['bankcard.bound', 80 * DAY_MS, {}, { card: 'c', applicant: 'b' }],
        ['bankcard.bound', 70 * DAY_MS, {}, { card: 'c', applicant: 'b' }],
        ['decision.made', 30 * DAY_MS, { applicationId: 'y', outcome: 'DECLINE' }],
        ['decision.made', 20 * DAY_MS, { applicationId: 'z', outcome: 'DECLINE' }],
        ['decision.made', 10 * DAY_MS, { applicationId: 'w', outcome: 'APPROVE' }]
      ]
    )
  })

  test('forms and devices', () => {
    expectValues(
      {
        'applicant.form_duration_24h_ms': 45_000,
        'applicant.form_pastes_24h': 3,
        'device.tampering_90d': 5,
        'device.known_days': 200,
        'device.fraud_labels_180d': 1
      },
      [
        ['form.interaction', MINUTE_MS, { formId: 'f', durationMs: 15_000, pastes: 3 }],
        ['form.interaction', 2 * MINUTE_MS, { formId: 'f', durationMs: 30_000, pastes: 0 }],
        ['form.interaction', 2 * DAY_MS, { formId: 'f', durationMs: 99_000, pastes: 9 }],
        ['device.snapshot', 1, { tampering: [] }, { device: 'd' }],
        ['device.snapshot', DAY_MS, { tampering: ['rooted', 'hooked'] }, { device: 'd' }],
        ['auth.login', 200 * DAY_MS, {}, { device: 'd', applicant: 'b' }],
        ['fraud.labelled', 5 * DAY_MS, { label: 'confirmed' }, { device: 'd', applicant: 'b' }],
        ['fraud.labelled', 5 * DAY_MS, { label: 'suspected' }, { device: 'd', applicant: 'b' }]
      ]
    )
  })

  test('the hour of the decision and the night, at 12:00 UTC', () => {
    expectValues({ 'application.local_hour': 20, 'applicant.night_share_30d': 0 }, [])
    expectValues({ 'application.local_hour': 13 }, [], { currency: 'NGN' })
    expectValues({ 'application.local_hour': 7 }, [], { currency: 'USD' })
    // 00:30 and 05:00 in China, beside the application at 20:00.
    const nights: Told[] = [
      ['auth.login', 19.5 * HOUR_MS],
      ['auth.login', 15 * HOUR_MS]
    ]
    expectValues({ 'applicant.night_share_30d': 1 / 3 }, nights)
  })

  test('borrowing elsewhere', () => {
    expectValues(
      {
        'applicant.bureau_institutions_7d': 1,
        'applicant.bureau_institutions_15d': 2,
        'applicant.bureau_institutions_30d': 2,
        'applicant.bureau_institutions_90d': 3,
        'applicant.bureau_institutions_180d': 3,
        'applicant.bureau_institutions_360d': 4,
        'applicant.bureau_institutions_15d_to_90d': (2 / 3) * 6,
        'applicant.bureau_microloan_share_90d': 0.75,
        'applicant.since_last_bureau_query_days': 2,
        'applicant.bureau_instalments_last_minor': 150_000,
        'applicant.bureau_instalments_to_income': 0.3
      },
      [
        ['bureau.received', DAY_MS, { provider: 'b', isHit: true, accounts: 3, monthlyInstalmentsMinor: 150_000 }],
        ['bureau.received', 2 * DAY_MS, asked('one', 'microloan')],
        ['bureau.received', 8 * DAY_MS, asked('two', 'microloan')],
        ['bureau.received', 20 * DAY_MS, asked('one', 'microloan')],
        ['bureau.received', 60 * DAY_MS, asked('three', 'bank')],
        ['bureau.received', 300 * DAY_MS, asked('four', 'bank')]
      ]
    )
  })

  test('repayments, limits and another instalment', () => {
    expectValues(
      {
        'applicant.repayments_on_time_share_360d': 0.75,
        'applicant.repayments_partial_share_180d': 0.5,
        'applicant.repayments_returned_180d': 1,
        'applicant.since_last_late_repayment_days': 30,
        'applicant.limit_last_minor': 900_000,
        'applicant.utilisation_last_permille': 700,
        'applicant.utilisation_mean_90d_permille': 500,
        'applicant.utilisation_stddev_180d_permille': 200,
        'application.instalment_minor': 100_000,
        'application.instalment_to_income': 0.2
      },
      [
        ['repayment.received', 10 * DAY_MS, repaid(DAY_MS, 10 * DAY_MS, 'scheduled')],
        ['repayment.received', 20 * DAY_MS, repaid(-DAY_MS, 20 * DAY_MS)],
        ['repayment.received', 30 * DAY_MS, repaid(DAY_MS + 1, 30 * DAY_MS, 'partial')],
        ['repayment.received', 40 * DAY_MS, repaid(0, 40 * DAY_MS)],
        ['repayment.returned', 9 * DAY_MS, { loanId: 'l', amountMinor: 1 }],
        ['limit.changed', 60 * DAY_MS, { limitMinor: 900_000, utilisationPermille: 300 }],
        ['limit.used', 5 * DAY_MS, { drawnMinor: 360_000, kind: 'cash', utilisationPermille: 700 }]
      ]
    )
    expectValues({ 'application.instalment_minor': 600_000 }, [], { term: { count: 14, unit: 'day' } })
  })

  test('shopping', () => {
    expectValues(
      {
        'applicant.orders_180d': 3,
        'applicant.merchants_180d': 2,
        'applicant.refunds_180d': 1,
        'applicant.order_amount_mean_360d': 15_000,
        'applicant.amount_to_order_mean_360d': 40
      },
      [
        ['order.paid', DAY_MS, order('one', 10_000)],
        ['order.paid', 2 * DAY_MS, order('one', 20_000)],
        ['order.paid', 3 * DAY_MS, order('two', 5_000)],
        ['order.paid', 300 * DAY_MS, order('three', 25_000)],
        ['order.refunded', DAY_MS, order('one', 20_000)]
      ]
    )
  })

  test('monthly bills and the account they are paid from', () => {
    expectValues(
      {
        'applicant.bill_utilisation_last_permille': -20,
        'applicant.bill_utilisation_mean_180d_permille': 500,
        'applicant.bill_utilisation_mean_90d_permille': 490,
        'applicant.bill_balance_max_180d_minor': 300_000,
        'applicant.bill_months_late_last': 0,
        'applicant.bill_months_late_max_180d': 2,
        'applicant.bill_months_late_mean_180d': 1,
        'applicant.bills_late_90d': 1,
        'applicant.bill_paid_mean_180d_permille': 710,
        'applicant.bill_paid_min_90d_permille': 30,
        'applicant.bill_paid_min_180d_minor': 0,
        'applicant.account_income_90d_minor': 800_000,
        'applicant.account_balance_min_90d_minor': -4_000,
        'applicant.account_penalties_180d': 1
      },
      [
        ['bill.issued', 10 * DAY_MS, { balanceMinor: -2_000, utilisationPermille: -20 }],
        ['bill.issued', 40 * DAY_MS, { balanceMinor: 100_000, utilisationPermille: 1000 }],
        ['bill.issued', 100 * DAY_MS, { balanceMinor: 300_000, utilisationPermille: 520 }],
        ['bill.status', 10 * DAY_MS, { status: 'paid_in_full', monthsLate: 0 }],
        ['bill.status', 40 * DAY_MS, { status: 'late', monthsLate: 2 }],
        ['bill.status', 100 * DAY_MS, { status: 'late', monthsLate: 1 }],
        ['bill.paid', 10 * DAY_MS, { amountMinor: 210_000, paidPermille: 2100 }],
        ['bill.paid', 40 * DAY_MS, { amountMinor: 3_000, paidPermille: 30 }],
        ['bill.paid', 100 * DAY_MS, { amountMinor: 0, paidPermille: 0 }],
        ['account.transaction', 10 * DAY_MS, { amountMinor: 400_000, purpose: 'income' }],
        ['account.transaction', 40 * DAY_MS, { amountMinor: 400_000, purpose: 'income' }],
        ['account.transaction', 41 * DAY_MS, { amountMinor: -900, purpose: 'penalty_interest' }],
        ['account.balance', 10 * DAY_MS, { balanceMinor: 50_000 }],
        ['account.balance', 40 * DAY_MS, { balanceMinor: -4_000 }]
      ]
    )
  })
})

describe('missing, zero and no history', () => {
  const inputs = ['applicant.form_pastes_24h', 'applicant.utilisation_last_permille', 'applicant.refunds_180d']
  const pick = createVectorPicker(featureSet.names, inputs)

  test.each<[string, Told[], number[]]>([
    ['no history: nothing counted is 0, nothing measured is missing', [], [MISSING, MISSING, 0]],
    [
      'events that do not tell: still missing',
      [
        ['form.interaction', 1, { formId: 'f', durationMs: 1 }],
        ['limit.changed', 1, { limitMinor: 5 }]
      ],
      [MISSING, MISSING, 0]
    ],
    [
      'events that tell of nothing: 0',
      [
        ['form.interaction', 1, { formId: 'f', durationMs: 1, pastes: 0 }],
        ['limit.changed', 1, { limitMinor: 5, utilisationPermille: 0 }]
      ],
      [0, 0, 0]
    ]
  ])('are three things in the vector of a model: %s', (_name, told, expected) => {
    expect([...pick(vectorOf(told))]).toEqual(expected)
  })

  test('an application that names no device has no tampering, not an untouched device', () => {
    const { device: _, ...refs } = application.refs
    const snapshot: Told = ['device.snapshot', 1, { tampering: [] }, { device: 'd' }]
    expectValues({ 'device.tampering_90d': 0 }, [snapshot])
    expectValues({ 'device.tampering_90d': MISSING, 'device.known_days': MISSING }, [snapshot], { refs })
  })
})

describe('the catalogue', () => {
  test('is reached by generated histories: every type occurs and every feature leaves its default', () => {
    const histories = fc.sample(arbitraryHistory(40), { numRuns: 300, seed: 20_261_123 })
    const types = new Set(histories.flat().map(({ type }) => type))
    expect(EVENT_TYPE_NAMES.filter((type) => !types.has(type))).toEqual([])
    const unmoved = EVENT_FEATURES.filter((feature) =>
      histories.every((events) => Object.is(naiveFeature(feature, events, NOW_MS), feature.whenNone))
    )
    expect(unmoved.map(({ name }) => name)).toEqual([])
  })

  test('names each feature once and counts nothing as missing', () => {
    expect(new Set(featureSet.names).size).toBe(CATALOGUE.length)
    const counts = EVENT_FEATURES.filter(({ aggregation: { of } }) => of === 'count' || of === 'distinct')
    expect(counts.filter(({ whenNone }) => whenNone !== 0)).toEqual([])
    const measures = EVENT_FEATURES.filter((feature) => !counts.includes(feature))
    expect(measures.filter(({ whenNone }) => !Number.isNaN(whenNone))).toEqual([])
  })

  test('reads nothing of sex, education or marriage, and of age only for tests of fairness', () => {
    const words = /sex|gender|female|male\b|educat|school|marri|marital|spouse/i
    const said = CATALOGUE.map((feature) => `${JSON.stringify(feature)} ${'value' in feature ? feature.value : ''}`)
    expect(said.filter((text) => words.test(text))).toEqual([])
    expect(CATALOGUE.filter(({ legal }) => legal.includes('age')).map(({ name }) => name)).toEqual([
      'application.age_years'
    ])
  })
})
