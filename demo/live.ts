import { setTimeout as sleep } from 'node:timers/promises'
import type { Loan } from '../src/loans/loan-schema.ts'
import type { DemoStack } from './demo-stack.ts'
import { emptyMetrics, type Sample, scrape } from './exposition.ts'
import { type DemoSummary, summarise } from './summary.ts'
import { liveYear, type Year } from './year.ts'

export interface LiveOptions {
  readonly seed: number
  readonly people: number
  readonly days: number
  readonly startMs: number
  readonly signal: AbortSignal
  readonly onDay: Parameters<typeof liveYear>[0]['onDay']
}

const LOANS_AT_ONCE = 16
/** A scrape starts the reading of the loan book and does not wait for it. */
const READING = 'credit_loan_book_read_timestamp_seconds'
const READ_WITHIN_MS = 20_000
const LOOK_MS = 200

/** The whole demo on a running stack: the year, and then how the loan book and the metrics of all processes stand. */
export async function liveAndSummarise(stack: DemoStack, options: LiveOptions): Promise<DemoSummary> {
  const { service, clock, shifts, riskDesk, webhooks, opsUrls } = stack
  const startedAtMs = performance.now()
  const year = await liveYear({ ...options, service, clock, shifts, riskDesk })
  const loans = await loansOf(stack, year)
  const samples = await scrapeWhole(Object.values(opsUrls))
  const wallSeconds = (performance.now() - startedAtMs) / 1000
  return summarise({ year, loans, samples, webhooks: webhooks.told(), wallSeconds })
}

async function loansOf({ service }: DemoStack, { loanIds }: Year): Promise<readonly Loan[]> {
  const loans: Loan[] = []
  for (let first = 0; first < loanIds.length; first += LOANS_AT_ONCE) {
    const some = await Promise.all(loanIds.slice(first, first + LOANS_AT_ONCE).map(service.loan))
    loans.push(...some.filter((loan) => loan !== undefined))
  }
  return loans
}

async function scrapeWhole(opsUrls: readonly string[]): Promise<readonly Sample[]> {
  const endAtMs = performance.now() + READ_WITHIN_MS
  for (;;) {
    const samples = await scrape(opsUrls)
    if (emptyMetrics(samples, [READING]).length === 0 || performance.now() > endAtMs) return samples
    await sleep(LOOK_MS)
  }
}
