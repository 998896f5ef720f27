import { type BookStanding, createBookStanding } from './loans/book-standing.ts'
import type { LoanHistory } from './loans/fold-loan.ts'
import type { Metrics } from './metrics.ts'
import { lossMinorOf } from './monitoring/loss-assumptions.ts'

const MINOR_UNITS = 100
/** The book is read again after this, and never for more than a twentieth of the time. */
const REST_MS = 10_000
const RESTS_PER_READING = 19

export interface PortfolioGaugesDeps {
  readonly metrics: Metrics
  readonly readBook: () => AsyncIterable<LoanHistory>
  readonly utcOffsetMinutes: number
  readonly nowMs: () => number
  readonly monotonicMs: () => number
  readonly onError: (error: unknown) => void
}

/**
 * Shows how the loan book stands. To be called before each scrape: it starts a reading when the last is old enough, and waits for
 * none, so that a scrape of a large book shows the reading before it.
 *
 * @returns what ends when a reading that was started is over; for tests
 */
export function createPortfolioGauges(deps: PortfolioGaugesDeps): () => { readonly reading: Promise<void> } {
  const { metrics, readBook, utcOffsetMinutes, nowMs, monotonicMs, onError } = deps
  const tell = createTell(metrics)
  let reading: Promise<void> = Promise.resolve()
  let startAtMs = Number.NEGATIVE_INFINITY

  const read = async (): Promise<void> => {
    const startedAtMs = monotonicMs()
    try {
      const book = createBookStanding(nowMs(), utcOffsetMinutes, lossMinorOf)
      for await (const history of readBook()) book.add(history)
      tell(book.standing())
      metrics.gauge('credit_loan_book_read_timestamp_seconds').set(nowMs() / 1000)
    } catch (error) {
      onError(error)
    }
    const tookMs = monotonicMs() - startedAtMs
    startAtMs = monotonicMs() + Math.max(REST_MS, tookMs * RESTS_PER_READING)
  }

  return () => {
    if (monotonicMs() >= startAtMs) {
      startAtMs = Number.POSITIVE_INFINITY
      reading = read()
    }
    return { reading }
  }
}

function createTell(metrics: Metrics) {
  const paidOut = metrics.gauge('credit_disbursed_principal')
  const paidBack = metrics.gauge('credit_repaid_principal')
  const principal = metrics.gauge('credit_outstanding_principal')
  const stages = metrics.gauge('credit_stage_principal')
  const losses = metrics.gauge('credit_expected_loss')
  const loans = metrics.gauge('credit_loans')
  const warnings = metrics.gauge('credit_early_warnings')
  const promises = metrics.gauge('credit_loan_promises')
  const rolls = metrics.gauge('credit_roll_rate_ratio')
  const vintages = metrics.gauge('credit_vintage_overdue_ratio')
  return (standing: BookStanding): void => {
    // What is not there any more must not stay.
    for (const gauge of [paidOut, paidBack, principal, stages, losses, loans, rolls, vintages]) gauge.reset()
    for (const { product, currency, minor } of standing.paidOut) paidOut.set({ product, currency }, minor / MINOR_UNITS)
    for (const { product, currency, minor } of standing.paidBack)
      paidBack.set({ product, currency }, minor / MINOR_UNITS)
    for (const { product, currency, of, minor } of standing.byBucket)
      principal.set({ product, currency, bucket: of }, minor / MINOR_UNITS)
    for (const { product, currency, of, minor } of standing.byStage)
      stages.set({ product, currency, stage: of }, minor / MINOR_UNITS)
    for (const { product, currency, of, minor } of standing.lossByStage)
      losses.set({ product, currency, stage: of }, minor / MINOR_UNITS)
    for (const { product, state, count } of standing.loans) loans.set({ product, state }, count)
    for (const [level, count] of Object.entries(standing.warnings)) warnings.set({ level }, count)
    for (const [state, count] of Object.entries(standing.promises)) promises.set({ state }, count)
    for (const { product, from, to, ratio } of standing.rolls) rolls.set({ product, from, to }, ratio)
    for (const { product, month, monthsOnBook, over30, over90 } of standing.vintages) {
      const labels = { product, vintage: month, mob: String(monthsOnBook) }
      vintages.set({ ...labels, def: '30plus' }, over30)
      vintages.set({ ...labels, def: '90plus' }, over90)
    }
  }
}
