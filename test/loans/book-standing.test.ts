import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBookStanding } from '../../src/loans/book-standing.ts'
import { foldLoan, type LoanHistory } from '../../src/loans/fold-loan.ts'
import { rollRates } from '../../src/loans/roll-rates.ts'
import { vintages } from '../../src/loans/vintages.ts'
import { createMetrics } from '../../src/metrics.ts'
import { createPortfolioGauges } from '../../src/portfolio-metrics.ts'
import { at, disbursed, loanEvent, paid, type Row, UTC } from './loan-events.ts'

const NOW_MS = at('2024-04-05')
const TOLD = { product: 'cash', currency: 'CNY', principalMinor: 200_000 } as const
const ROWS: readonly Row[] = [
  ['2024-02-10', 100_000],
  ['2024-03-10', 100_000]
]

const loan = (month: string, ...paidOn: string[]): LoanHistory =>
  foldLoan([disbursed(`2024-${month}-05`, ROWS, TOLD), ...paidOn.map((date) => paid(date, 100_000))], UTC)

function standingOf(...book: readonly LoanHistory[]) {
  const standing = createBookStanding(NOW_MS, 0, ({ balanceMinor, stage }) => (balanceMinor * stage) / 10)
  for (const history of book) standing.add(history)
  return standing.standing()
}

test('what is owed stands in its bucket and stage, and closed loans owe nothing', () => {
  const { byBucket, byStage, lossByStage, loans } = standingOf(
    loan('01', '2024-02-10', '2024-03-10'),
    loan('01', '2024-02-10'),
    loan('01'),
    foldLoan([disbursed('2024-04-01', [['2024-05-01', 100_000]], TOLD)], UTC)
  )
  expect(byBucket).toEqual([
    { product: 'cash', currency: 'CNY', of: 'M0', minor: 100_000 },
    { product: 'cash', currency: 'CNY', of: 'M1', minor: 100_000 },
    { product: 'cash', currency: 'CNY', of: 'M2', minor: 200_000 }
  ])
  expect(byStage.reduce((sum, { minor }) => sum + minor, 0)).toBe(byBucket.reduce((sum, { minor }) => sum + minor, 0))
  expect(lossByStage.map(({ of, minor }) => [of, minor])).toEqual(
    byStage.map(({ of, minor }) => [of, (minor * Number(of)) / 10])
  )
  expect(loans.reduce((sum, { count }) => sum + count, 0)).toBe(4)
})

test('what was paid out is owed, came back or was given up', () => {
  const givenUp = (...more: ReturnType<typeof loanEvent>[]) =>
    foldLoan(
      [
        disbursed('2024-01-05', ROWS, TOLD),
        paid('2024-02-10', 100_000),
        loanEvent('loan.written_off', at('2024-03-20'), {}),
        ...more
      ],
      UTC
    )
  const recovered = loanEvent('loan.recovered', at('2024-04-01'), { amountMinor: 30_000 })
  const book = [
    loan('01', '2024-02-10', '2024-03-10'),
    loan('01', '2024-02-10'),
    loan('01'),
    givenUp(),
    givenUp(recovered)
  ]
  const { paidOut, paidBack } = standingOf(...book)
  expect(paidOut).toEqual([{ product: 'cash', currency: 'CNY', minor: 5 * 200_000 }])
  expect(paidBack).toEqual([{ product: 'cash', currency: 'CNY', minor: 200_000 + 3 * 100_000 + 30_000 }])
})

test('warnings that are in force and promises count by level and state', () => {
  const warned = loanEvent('loan.warned', at('2024-04-01'), { rule: 'r1', level: 'orange' })
  const events = [disbursed('2024-01-05', ROWS, TOLD), warned]
  expect(standingOf(foldLoan(events, UTC)).warnings).toEqual({ yellow: 0, orange: 1, red: 0 })
})

test('a loan of which nobody told product or currency is told as unknown', () => {
  const { byBucket } = standingOf(foldLoan([disbursed('2024-01-05', ROWS)], UTC))
  expect(byBucket).toMatchObject([{ product: 'unknown', currency: 'unknown' }])
})

test('added up loan by loan, rolls and vintages are those of the whole book', () => {
  const month = fc.constantFrom('01', '02', '03')
  const payments = fc.subarray(['2024-02-10', '2024-02-28', '2024-03-10', '2024-03-30'])
  fc.assert(
    fc.property(fc.array(fc.tuple(month, payments), { minLength: 1, maxLength: 12 }), (made) => {
      const book = made.map(([paidOut, dates]) => loan(paidOut, ...dates))
      const { rolls, vintages: told } = standingOf(...book)
      const whole = rollRates(book, '2024-03', 0)
      for (const { from, to, ratio } of rolls) {
        const bucket = from as keyof typeof whole.beforeMinor
        const moved = whole.matrix[bucket][to as keyof (typeof whole.matrix)['M0']]
        expect(ratio).toBeCloseTo(moved / whole.beforeMinor[bucket], 12)
      }
      const points = vintages(book, '2024-03', 0).flatMap(({ month: of, originatedMinor, points: all }) =>
        all.map(({ monthsOnBook, over30Minor }) => [of, monthsOnBook, over30Minor / originatedMinor])
      )
      expect(told.map(({ month: of, monthsOnBook, over30 }) => [of, monthsOnBook, over30]).sort()).toEqual(
        points.sort()
      )
    })
  )
})

test('the gauges show the last reading, read again after a rest, and outlive one that fails', async () => {
  const metrics = createMetrics({ process: 'monitor', version: 'test', withDefaults: false })
  let [nowMs, readings, fails] = [0, 0, false]
  const errors: unknown[] = []
  const refresh = createPortfolioGauges({
    metrics,
    readBook: async function* () {
      readings++
      if (fails) throw new Error('no Redis')
      yield loan('01', ...(readings === 1 ? [] : ['2024-02-10']))
    },
    utcOffsetMinutes: 0,
    nowMs: () => NOW_MS,
    monotonicMs: () => nowMs,
    onError: (error) => errors.push(error)
  })
  const owed = async () =>
    (await metrics.registry.getSingleMetricAsString('credit_outstanding_principal')).split('\n').slice(2)
  await refresh().reading
  expect(await owed()).toEqual(['credit_outstanding_principal{product="cash",currency="CNY",bucket="M2"} 2000'])
  await refresh().reading
  expect(readings).toBe(1)
  nowMs = 10_000
  await refresh().reading
  expect(readings).toBe(2)
  expect(await owed()).toEqual(['credit_outstanding_principal{product="cash",currency="CNY",bucket="M1"} 1000'])
  fails = true
  nowMs = 20_000
  await refresh().reading
  expect(errors).toHaveLength(1)
  expect(await owed()).toHaveLength(1)
})

test('a book that takes long is read for a twentieth of the time', async () => {
  let [nowMs, readings] = [0, 0]
  const refresh = createPortfolioGauges({
    metrics: createMetrics({ process: 'monitor', version: 'test', withDefaults: false }),
    readBook: async function* () {
      readings++
      nowMs += 1000
      yield loan('01')
    },
    utcOffsetMinutes: 0,
    nowMs: () => NOW_MS,
    monotonicMs: () => nowMs,
    onError: (error) => {
      throw error
    }
  })
  await refresh().reading
  nowMs = 19_999
  await refresh().reading
  expect(readings).toBe(1)
  nowMs = 20_000
  await refresh().reading
  expect(readings).toBe(2)
})
