import { COUNTRIES } from '../load-tests/simulator/world.ts'
import type { DecisionRequest } from '../src/domain/application.ts'
import { hash32 } from '../src/domain/hash.ts'

/** Of the applications: what the shipped policy lends. The model decides about cash in naira; a person about the rest. */
const CASH_PERMILLE = 850
const CONSUMER_PERMILLE = 120
/** Of those who come in the last quarter: a harder year. */
const DRIFT = { income: 0.6, amount: 1.5, outOfWork: 0.35, youngFrom: 1996 } as const
const TERMS_DAYS = [15, 30, 30, 60, 60, 90] as const
const CASH_MAX_MINOR = 6_000_000
const CASH_MIN_MINOR = 500_000
const STEP_MINOR = 50_000

/**
 * What a simulated applicant asks for, as something that the shipped policy offers: the simulator’s people are of many
 * countries. Amounts keep their place beside what is usual. `drifted`: of the last quarter, poorer, younger, asking for more.
 * Pure: the same application gives the same request.
 */
export function demandOf(request: DecisionRequest, drifted: boolean): DecisionRequest {
  const lot = (what: string, sides: number) => hash32(`${what} ${request.applicationId}`, sides) % sides
  const kind = lot('product', 1000)
  const [product, currency] =
    kind < CASH_PERMILLE
      ? (['cash', 'NGN'] as const)
      : ([kind < CASH_PERMILLE + CONSUMER_PERMILLE ? 'consumer' : 'business', 'CNY'] as const)
  const exchange = COUNTRIES[currency].amountMinor / COUNTRIES[request.currency].amountMinor
  const amountMinor = request.amountMinor * exchange * (drifted ? DRIFT.amount : 1)
  const facts = request.applicant
  const income = facts.monthlyIncomeMinor
  return {
    ...request,
    product,
    currency,
    amountMinor:
      product === 'cash'
        ? Math.min(CASH_MAX_MINOR, Math.max(CASH_MIN_MINOR, STEP_MINOR * Math.round(amountMinor / STEP_MINOR)))
        : 10_000 * Math.max(10, Math.round(amountMinor / 10_000)),
    term:
      product === 'cash'
        ? { count: TERMS_DAYS[lot('term', TERMS_DAYS.length)] as number, unit: 'day' }
        : { count: 1 + lot('term', 12), unit: 'month' },
    // What the policy forbids is asked for by a few.
    purpose: lot('purpose', 10) === 0 ? request.purpose : 'consumption',
    applicant: {
      ...facts,
      ...(income !== undefined && {
        monthlyIncomeMinor: 100 * Math.round((income * exchange * incomeShare(product, drifted)) / 100)
      }),
      ...(drifted && lot('work', 100) < 100 * DRIFT.outOfWork && { employment: 'unemployed' as const }),
      ...(drifted &&
        facts.birthYear !== undefined && { birthYear: Math.max(facts.birthYear, DRIFT.youngFrom + lot('age', 9)) })
    }
  }
}

/** A month’s income is about five middling cash loans, as among those whom the model was trained on. */
function incomeShare(product: DecisionRequest['product'], drifted: boolean): number {
  return (product === 'cash' ? 5 : 1.5) * (drifted ? DRIFT.income : 1)
}
