import type { Application } from '../../src/domain/application.ts'
import type { RepaymentMethod } from '../../src/domain/schedule-methods.ts'

export interface ReplayCase {
  readonly product: 'cash' | 'consumer' | 'business'
  readonly repaymentMethods: readonly RepaymentMethod[] | undefined
  readonly nominalRate: number
  readonly rateCap: number
  readonly application: Application
  readonly nowMs: number
}

const METHODS: readonly (readonly RepaymentMethod[] | undefined)[] = [
  undefined,
  ['EQUAL_INSTALMENT', 'EQUAL_PRINCIPAL', 'BULLET'],
  ['BULLET', 'EQUAL_INSTALMENT']
]
const TERMS = { cash: [7, 14, 30, 60, 90], consumer: [1, 3, 12, 24], business: [1, 6, 13, 36] } as const

/** Requests of the kind that were decided before products had fees and grids; the same list on every run. */
export function replayCases(): ReplayCase[] {
  const cases: ReplayCase[] = []
  let seed = 1
  const draw = (count: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % count
  }
  for (const product of ['cash', 'consumer', 'business'] as const)
    for (const nominalRate of [0, 0.05, 0.15, 0.18, 0.21, 0.22])
      for (const count of TERMS[product])
        for (let turn = 0; turn < 12; turn++) {
          const monthlyIncomeMinor = turn % 3 === 0 ? {} : { monthlyIncomeMinor: 60_000 + draw(4_000_000) }
          const application = {
            product,
            amountMinor: 500_000 + draw(5_500_000),
            term: { count, unit: product === 'cash' ? 'day' : 'month' },
            facts: monthlyIncomeMinor
          } as unknown as Application
          const nowMs = Date.UTC(2026, 0, 1) + draw(800 * 24) * 3_600_000
          const repaymentMethods = METHODS[turn % METHODS.length]
          cases.push({
            product,
            repaymentMethods,
            nominalRate,
            rateCap: turn % 4 === 0 ? 0.2 : 0.24,
            application,
            nowMs
          })
        }
  return cases
}
