import type { StrategyRow } from './backtest-tally.ts'

const MINOR_PER_MAJOR = 100
const HEAD = [
  'segment',
  'applications',
  'approved',
  'referred',
  'bad',
  'bad of approved',
  'granted',
  'expected loss',
  'realised loss',
  'expected margin',
  'realised margin',
  ''
] as const

/** The strategy table for people: rates in percent, money in whole units of the currency on the right. */
export function strategyLines(title: string, rows: readonly StrategyRow[]): string[] {
  const cells = [[...HEAD] as string[], ...rows.map(cellsOf)]
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)))
  const lines = cells.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column === HEAD.length - 1
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0)
      )
      .join('  ')
      .trimEnd()
  )
  return [title, ...lines, '']
}

function cellsOf(row: StrategyRow): string[] {
  return [
    row.segment,
    String(row.applications),
    percent(row.approvalRate),
    percent(row.referRate),
    percent(row.badRate),
    percent(row.badRateOfApproved),
    money(row.grantedMinor),
    money(row.expectedLossMinor),
    money(row.realisedLossMinor),
    money(row.expectedMarginMinor),
    money(row.realisedMarginMinor),
    row.currency
  ]
}

function percent(ratio: number | null): string {
  return ratio === null ? '-' : `${(ratio * 100).toFixed(1)} %`
}

function money(minor: number | null): string {
  return minor === null ? '-' : Math.round(minor / MINOR_PER_MAJOR).toLocaleString('en-US')
}
