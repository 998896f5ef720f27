import { termDays } from '../domain/application.ts'
import type { ApplicationFeature, FeatureDefinition } from './definition.ts'
import { AMOUNT_RANGE, DAYS_RANGE, MISSING, RATIO_RANGE } from './ranges.ts'

const ofApplication = (feature: Omit<ApplicationFeature, 'source'>): ApplicationFeature => ({
  source: 'application',
  ...feature
})

/** What the application itself says. */
export const APPLICATION_FEATURES: readonly FeatureDefinition[] = [
  ofApplication({
    name: 'application.amount_minor',
    value: ({ amountMinor }) => amountMinor,
    unit: 'minor',
    range: AMOUNT_RANGE,
    legal: [],
    meaning: 'Amount asked for'
  }),
  ofApplication({
    name: 'application.term_days',
    value: ({ term }) => termDays(term),
    unit: 'days',
    range: DAYS_RANGE,
    legal: [],
    meaning: 'Term asked for; a month counts 30 days'
  }),
  ofApplication({
    name: 'application.age_years',
    value: ({ facts: { birthYear } }, nowMs) =>
      birthYear === undefined ? MISSING : new Date(nowMs).getUTCFullYear() - birthYear,
    unit: 'years',
    range: [16, 120],
    legal: ['age'],
    meaning: 'Year of the decision minus year of birth; for tests of fairness, not an input to credit'
  }),
  ofApplication({
    name: 'application.income_minor',
    value: ({ facts: { monthlyIncomeMinor } }) => monthlyIncomeMinor ?? MISSING,
    unit: 'minor',
    range: AMOUNT_RANGE,
    legal: ['financial'],
    meaning: 'Declared net income a month'
  }),
  ofApplication({
    name: 'application.obligations_minor',
    value: ({ facts: { monthlyObligationsMinor } }) => monthlyObligationsMinor ?? MISSING,
    unit: 'minor',
    range: AMOUNT_RANGE,
    legal: ['financial'],
    meaning: 'Declared obligations a month'
  }),
  {
    name: 'application.obligations_to_income',
    source: 'ratio',
    of: 'application.obligations_minor',
    to: 'application.income_minor',
    unit: 'ratio',
    range: RATIO_RANGE,
    legal: ['financial'],
    meaning: 'Obligations divided by income'
  },
  {
    name: 'application.amount_to_income',
    source: 'ratio',
    of: 'application.amount_minor',
    to: 'application.income_minor',
    unit: 'ratio',
    range: [0, 100_000],
    legal: ['financial'],
    meaning: 'Amount asked for divided by monthly income'
  }
]
