import { type LoanEvent, loanEventOf } from '../domain/loan-event.ts'
import { createEdge } from '../edge/edge.ts'
import { createTokenise } from '../edge/tokens.ts'
import type { EventSource } from '../features/log-source.ts'
import type { LoanDefaults } from '../loans/account.ts'
import { foldLoan, loanAsOf } from '../loans/fold-loan.ts'
import type { Loan } from '../loans/loan-schema.ts'
import { createFileSource } from './file-source.ts'
import { writeFiles } from './output.ts'

export interface ReplayedLoans {
  /** By partner, then by id. */
  readonly loans: readonly Loan[]
  readonly loanEvents: number
  readonly asOfMs: number
}

export interface LoansReplayOptions {
  readonly file: string
  readonly tenant: string
  readonly defaults: LoanDefaults
  /** The time of the newest event where it is left out. */
  readonly asOfMs?: number | undefined
}

/** Folds the loans of a file of events, as they stood at an instant. For what fits into memory. */
export async function replayLoans({ file, tenant, defaults, asOfMs }: LoansReplayOptions): Promise<ReplayedLoans> {
  // Nobody sees the tokens: they only keep the people of the file apart.
  const edge = createEdge(createTokenise('0'.repeat(64)))
  const histories = await collectLoanEvents(createFileSource({ file, partner: () => ({ tenant, edge }) }))
  const loanEvents = [...histories.values()].reduce((sum, { length }) => sum + length, 0)
  const newestMs = [...histories.values()].flat().reduce((newest, event) => Math.max(newest, event.occurredAtMs), 0)
  const instantMs = asOfMs ?? newestMs
  const loans = [...histories.entries()]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([, events]) => loanAsOf(foldLoan(events, defaults), instantMs) ?? [])
  return { loans, loanEvents, asOfMs: instantMs }
}

export async function writeLoans(file: string, { loans }: ReplayedLoans): Promise<void> {
  await writeFiles([file], async ([out]) => {
    for (const loan of loans) await out?.write(`${JSON.stringify(loan)}\n`)
  })
}

/** The events of each loan, by partner and id. */
async function collectLoanEvents(source: EventSource): Promise<Map<string, LoanEvent[]>> {
  const histories = new Map<string, LoanEvent[]>()
  for await (const { events } of source.read()) {
    for (const event of events) {
      const loanEvent = loanEventOf(event)
      if (loanEvent === undefined) continue
      const key = `${event.tenant} ${loanEvent.data.loanId}`
      const history = histories.get(key)
      if (history === undefined) histories.set(key, [loanEvent])
      else history.push(loanEvent)
    }
  }
  return histories
}
