import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { importCommand } from '../../src/cli/import.ts'
import { loansCommand } from '../../src/cli/loans.ts'
import { replayLoans } from '../../src/cli/loans-replay.ts'
import type { Loan } from '../../src/loans/loan-schema.ts'
import { fixtureOf, readLines, realDataOf, runCommand, workFolder } from '../cli/run-command.ts'
import { UTC } from './loan-events.ts'

const DAY_MS = 86_400_000
const REAL = realDataOf('xente')
const HAS_REAL = existsSync(join(REAL, 'transactions.csv.gz'))

/** A loan as its rows say, worked out without any code of ours. */
interface Told {
  readonly issuedAtMs: number
  readonly dueAtMs: number
  readonly payments: readonly { readonly atMs: number; readonly amount: number; readonly isFinal: boolean }[]
}

/** Reads the table by splitting lines: every row of a loan names one of its payments. */
async function toldBy(folder: string): Promise<Map<string, Told>> {
  const packed = join(folder, 'transactions.csv.gz')
  const text = existsSync(packed)
    ? gunzipSync(await readFile(packed)).toString('utf8')
    : await readFile(join(folder, 'transactions.csv'), 'utf8')
  const [header = '', ...lines] = text.trim().split(/\r?\n/)
  const names = header.replaceAll('"', '').split(',')
  const rows = lines.map((line) => {
    const cells = line.replaceAll('"', '').split(',')
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? '']))
  })
  const ms = (time = '') => Date.parse(`${time.replace(' ', 'T').replace(/Z?$/, '')}Z`)
  const byLoan = Map.groupBy(
    rows.filter(({ TransactionStatus }) => TransactionStatus === '1'),
    ({ LoanId }) => LoanId ?? ''
  )
  const told = new Map<string, Told>()
  for (const [loanId, of] of byLoan) {
    if (loanId === '' || loanId === 'NA') continue
    const payments = new Map(
      of.map((row) => [
        row.PayBackId,
        {
          id: row.PayBackId ?? '',
          atMs: ms(row.PaidOnDate),
          amount: Math.abs(Number(row.AmountLoan)),
          isFinal: row.IsFinalPayBack === '1'
        }
      ])
    )
    const [row] = of
    const issuedAtMs = ms(row?.IssuedDateLoan)
    const dueAtMs = Number.isNaN(ms(row?.DueDate)) ? issuedAtMs + 30 * DAY_MS : ms(row?.DueDate)
    const ordered = [...payments.values()].toSorted(
      (left, right) => left.atMs - right.atMs || (left.id < right.id ? -1 : 1)
    )
    told.set(loanId, { issuedAtMs, dueAtMs, payments: ordered })
  }
  return told
}

const dayOf = (atMs: number) => Math.floor(atMs / DAY_MS)

/** What a loan must be at an instant: closed by its last payment if that is final, else overdue since its due date. */
function expected({ dueAtMs, payments }: Told, nowMs: number) {
  const past = payments.filter(({ atMs }) => atMs <= nowMs)
  const last = payments.at(-1)
  const closedAtMs = last?.isFinal && last.atMs <= nowMs ? last.atMs : undefined
  const isClosed = closedAtMs !== undefined
  const settledAtMs = closedAtMs ?? nowMs
  const daysLate = Math.max(0, dayOf(settledAtMs) - dayOf(dueAtMs))
  return {
    state: isClosed ? 'closed' : 'active',
    // In hundredths of a shilling.
    paidMinor: past.reduce((sum, { amount }) => sum + Math.round(amount * 100), 0),
    daysPastDue: isClosed ? 0 : daysLate,
    worstDaysPastDue: daysLate
  }
}

async function compare(folder: string) {
  const told = await toldBy(folder)
  const work = await workFolder()
  await runCommand(importCommand, 'xente', folder, '--out', work)
  const file = join(work, 'events.ndjson')
  const ends = [...told.values()].flatMap(({ payments, dueAtMs }) => [dueAtMs, ...payments.map(({ atMs }) => atMs)])
  const endMs = Math.max(...ends) + 400 * DAY_MS
  const startMs = Math.min(...[...told.values()].map(({ issuedAtMs }) => issuedAtMs))
  const instants = [endMs, ...Array.from({ length: 12 }, (_, month) => startMs + (month + 1) * 37 * DAY_MS)]
  const counts = { loans: told.size, checks: 0, closed: 0, closedLate: 0, open: 0 }
  for (const asOfMs of instants) {
    const { loans } = await replayLoans({ file, tenant: 'demo', defaults: UTC, asOfMs })
    const found = new Map(loans.map((loan) => [loan.loanId, loan]))
    for (const [loanId, of] of told) {
      // A loan begins with the decision on its request, a moment after its issue: near an instant the rows decide nothing.
      if (of.issuedAtMs > asOfMs - DAY_MS) continue
      const { state, paidMinor, daysPastDue, worstDaysPastDue } = found.get(loanId) as Loan
      expect({ loanId, state, paidMinor, daysPastDue, worstDaysPastDue }).toEqual({ loanId, ...expected(of, asOfMs) })
      counts.checks++
      if (asOfMs !== endMs) continue
      if (state === 'closed') counts.closed++
      else counts.open++
      if (state === 'closed' && worstDaysPastDue > 0) counts.closedLate++
    }
    if (asOfMs === endMs) expect(found.size).toBe(told.size)
  }
  return counts
}

describe('the Xente history, replayed', () => {
  test('made-up rows: every loan is what its rows say, at the end and on the way', async () => {
    const counts = await compare(fixtureOf('xente'))
    expect(counts.checks).toBeGreaterThan(0)
  })

  test.skipIf(!HAS_REAL)(
    'real rows: every loan is what its rows say, and its days past due match paid and due dates',
    { timeout: 60_000 },
    async () => {
      const counts = await compare(REAL)
      process.stderr.write(`xente: ${JSON.stringify(counts)}\n`)
      expect(counts.loans).toBe(1159)
      expect(counts.closed + counts.open).toBe(1159)
    }
  )
  if (!HAS_REAL)
    process.stderr.write('SKIPPED: the real Xente history is not at ../shared/data/xente: nothing was replayed\n')

  test('assay loans replay writes a line a loan and says how many of each state', async () => {
    const work = await workFolder()
    await runCommand(importCommand, 'xente', fixtureOf('xente'), '--out', work)
    const out = join(work, 'loans.ndjson')
    const { loans: count, closed } = await runCommand(
      loansCommand,
      'replay',
      '--events',
      join(work, 'events.ndjson'),
      '--out',
      out
    )
    const loans = await readLines<Loan>(out)
    expect(count).toBe(loans.length)
    expect(closed).toBe(loans.filter(({ state }) => state === 'closed').length)
    expect(closed).toBeGreaterThan(0)
  })
})
