import type { CommandUse } from './redis-commands.ts'
import type { Costs, Goal, OpenLoopRow, SaturationComparison } from './results.ts'

type Cell = string | number

const CPU_TITLE = 'CPU microseconds a request, by process; others are other programs and the hypervisor'
const COMMANDS_TITLE = 'Redis by command, per decision, workers included; what functions and scripts call counts twice'
const SHOWN_COMMANDS = 12

/** Columns as wide as they need to be; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [header, ...rows].map((row) => row.map(String))
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) => line.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '))
    .map((line) => `  ${line.trimEnd()}\n`)
    .join('')
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}

export function openLoopTable(rows: readonly OpenLoopRow[], noop: OpenLoopRow, arrivals: string): string {
  const all = [noop, ...rows].map((row, index) => ({ name: index === 0 ? 'no-op' : 'gateway', row }))
  const latencies = all.map(({ name, row }) => [
    name,
    row.rate,
    row.sent,
    row.errors,
    ...[row.p50, row.p90, row.p99, row.p999, row.max, row.lag.p50, row.lag.p99].map(milliseconds),
    row.heldBack
  ])
  const named = all.map(({ name, row }) => ({ ...row, name: `${name} ${row.rate}/s` }))
  const held = named.filter(({ heldBack }) => heldBack > 0)
  return [
    `Latency at fixed arrival rates (open loop, ${arrivals}), ms from the moment each request was due\n`,
    table(
      ['', 'rate/s', 'sent', 'errors', 'p50', 'p90', 'p99', 'p99.9', 'max', 'lag p50', 'lag p99', 'held back'],
      latencies
    ),
    ...held.map(({ name, heldBack }) => `  ! ${name} was overrun: ${heldBack} requests were sent later than planned\n`),
    ...named.map(troubles),
    `\n${CPU_TITLE}\n`,
    cpuTable(named)
  ].join('')
}

export function saturationTable(comparison: SaturationComparison, connections: number): string {
  const { noop, gateway, shareOfNoop, redisCommands } = comparison
  const rounds = gateway.rounds.map((round, index) => {
    const ceiling = noop.rounds[index]?.rps ?? noop.rps
    return [index + 1, perSecond(ceiling), perSecond(round.rps), (round.rps / ceiling).toFixed(3)]
  })
  const named = [
    ...noop.rounds.map((round, index) => ({ ...round, name: `no-op ${index + 1}` })),
    ...gateway.rounds.map((round, index) => ({ ...round, name: `gateway ${index + 1}` }))
  ]
  return [
    `Saturation (autocannon, ${connections} connections, each with one request at a time), answers a second\n`,
    table(
      ['round', 'no-op', 'gateway', 'share'],
      [...rounds, ['median', perSecond(noop.rps), perSecond(gateway.rps), shareOfNoop.toFixed(3)]]
    ),
    ...named.map(troubles),
    `\n${CPU_TITLE}\n`,
    cpuTable(named),
    `\n${COMMANDS_TITLE}\n`,
    commandTable(redisCommands)
  ].join('')
}

export function goalsTable(goals: readonly Goal[]): string {
  const line = ({ holds, name, measured }: Goal): string => `  ${holds ? 'holds' : 'FAILS'}  ${name}: ${measured}\n`
  return `Goals\n${goals.map(line).join('')}`
}

function cpuTable(rows: readonly (Costs & { readonly name: string })[]): string {
  const processes = [...new Set(rows.flatMap(({ cpuMicrosPerRequest }) => Object.keys(cpuMicrosPerRequest)))]
  return table(
    ['', ...processes, 'all', 'others'],
    rows.map(({ name, cpuMicrosPerRequest: micros, otherCores }) => {
      const all = Object.values(micros).reduce((sum, value) => sum + value, 0)
      const cells = processes.map((process) => micros[process]?.toFixed(1) ?? '')
      return [name, ...cells, all.toFixed(1), `${otherCores.toFixed(2)} cores`]
    })
  )
}

function commandTable(commands: CommandUse): string {
  const costliest = Object.entries(commands).slice(0, SHOWN_COMMANDS)
  return table(
    ['command', 'calls', 'µs'],
    costliest.map(([name, { calls, micros }]) => [name, calls.toFixed(2), micros.toFixed(1)])
  )
}

interface Troubled {
  readonly name: string
  readonly errors: number
  readonly statuses: Readonly<Record<string, number>>
}

function troubles({ name, errors, statuses }: Troubled): string {
  if (errors === 0) return ''
  const counts = Object.entries(statuses).map(([status, count]) => `${status === '0' ? 'broken' : status}: ${count}`)
  return `  ! ${name} had ${errors} errors: its numbers count for nothing (${counts.join(', ')})\n`
}

function milliseconds(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(2)
}

function perSecond(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
