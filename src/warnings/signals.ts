import type { LoanEvent } from '../domain/loan-event.ts'
import type { Loan } from '../loans/loan-schema.ts'
import { modelSignal, WARNING_MODELS, type WarningModel } from './rules.ts'

/** A number by its name; NaN where it is not known, which warns of nothing. */
export type Signals = (name: string) => number

export interface SignalsInput {
  /** Catalogue values of the applicant as of the instant, by the names of the feature set. */
  readonly names: readonly string[]
  readonly values: Float64Array
  /** A running loan with its events; undefined where only the applicant is looked at. */
  readonly loan?: { readonly loan: Loan; readonly events: readonly LoanEvent[] } | undefined
  /** Probabilities of default by the models that know such a borrower. */
  readonly pd?: Readonly<Partial<Record<WarningModel, number>>>
}

/** Signs that are made of several features: how much one is above another, or one under a condition. */
const MADE: Readonly<Record<string, (feature: Signals) => number>> = {
  'applicant.repayment_lag_rise_days': (feature) =>
    feature('applicant.repayment_lag_last_days') - feature('applicant.repayment_lag_mean_90d_days'),
  'applicant.utilisation_rise_permille': (feature) =>
    feature('applicant.utilisation_last_permille') - feature('applicant.utilisation_mean_90d_permille'),
  'applicant.drained_on_new_device_permille': (feature) =>
    feature('applicant.new_device_logins_30d') > 0 ? feature('applicant.utilisation_last_permille') : Number.NaN,
  'applicant.income_drop_90d_permille': (feature) => 1000 - feature('applicant.income_change_90d_permille')
}

/** Names of the signs that a loan itself gives. */
const LOAN_SIGNALS: Readonly<Record<string, (of: NonNullable<SignalsInput['loan']>, feature: Signals) => number>> = {
  'loan.days_past_due': ({ loan }) => loan.daysPastDue,
  'loan.broken_promises': ({ loan }) => loan.promises.filter(({ state }) => state === 'broken').length,
  'loan.contacts_failed': ({ loan, events }) => contactsFailed(events, loan.asOfMs),
  'loan.applications_while_overdue_7d': ({ loan }, feature) =>
    loan.daysPastDue > 0 ? feature('applicant.applications_7d') : 0
}

/** Pure. Throws on a name that is neither a feature nor a sign: a rule that could never warn. */
export function signalsOf({ names, values, loan, pd = {} }: SignalsInput): Signals {
  const feature: Signals = (name) => {
    const column = names.indexOf(name)
    if (column < 0) throw new Error(`no feature is called ${name}`)
    return values[column] as number
  }
  return (name) => {
    const model = WARNING_MODELS.find((each) => modelSignal(each) === name)
    if (model !== undefined) return pd[model] ?? Number.NaN
    const ofLoan = LOAN_SIGNALS[name]
    if (ofLoan !== undefined) return loan === undefined ? Number.NaN : ofLoan(loan, feature)
    return MADE[name]?.(feature) ?? feature(name)
  }
}

/** Contacts since the last that reached the person: not one of them did. */
function contactsFailed(events: readonly LoanEvent[], nowMs: number): number {
  let failed = 0
  for (const { type, occurredAtMs, data } of events) {
    if (type !== 'collection.contacted' || occurredAtMs > nowMs) continue
    failed = data.result === 'not_reached' ? failed + 1 : 0
  }
  return failed
}
