import type { Compared } from './baseline.ts'
import type { PhaseOutcome } from './findings.ts'
import { escapeXml, plot } from './plot.ts'
import type { ScenarioReport, ScenariosReport } from './report.ts'

const STYLE = `
:root { color-scheme: light dark; --ink: #111827; --paper: #ffffff; --line: #e5e7eb; --soft: #6b7280 }
@media (prefers-color-scheme: dark) { :root { --ink: #e5e7eb; --paper: #111827; --line: #374151; --soft: #9ca3af } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1180px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1.2rem }
p.soft, td.soft { color: var(--soft) } .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(460px, 1fr)); gap: 1rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child { text-align: left } li.holds::marker { content: '✓ '; color: #059669 } li.fails::marker { content: '✗ '; color: #dc2626 }
svg { width: 100%; height: auto } svg text { font-size: 11px; fill: var(--soft) } svg .title { font-size: 13px; fill: var(--ink); font-weight: 600 } svg .grid { stroke: var(--line) }
`

/** One page with everything in it: opens from a disk, an archive or a mail, and asks nobody for anything. */
export function htmlReport(
  { startedAt, machine, seed, scenarios }: ScenariosReport,
  compared: readonly Compared[]
): string {
  const { node, redis, cpu, memoryGiB } = machine
  const about = `${startedAt} · Node ${node} · Redis ${redis} · ${cpu} · ${memoryGiB} GiB · seed ${seed}`
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Assay load test</title><style>${STYLE}</style>
<h1>Assay load test</h1><p class="soft">${escapeXml(about)}. Service, Redis and generator ran on this one machine. Latency counts from the moment a request was due.</p>
${scenarios.map(section).join('\n')}
${comparison(compared)}</html>
`
}

function section({ name, proves, limits, noop, phases, findings }: ScenarioReport): string {
  const items = findings.map(({ text, holds }) => {
    const mark = holds === null ? '' : ` class="${holds ? 'holds' : 'fails'}"`
    return `<li${mark}>${escapeXml(text)}</li>`
  })
  const rows = phases.map(({ name: phase, row }) => {
    const cells = [row.p50, row.p90, row.p99, row.p999, row.max].map((value) => value.toFixed(2))
    return `<tr><td>${escapeXml(phase)}</td>${[row.sent, row.errors, ...cells].map((cell) => `<td>${cell}</td>`).join('')}</tr>`
  })
  const floor = `<tr><td class="soft">a route that does nothing</td><td></td><td></td><td class="soft">${noop.p50.toFixed(2)}</td><td></td><td class="soft">${noop.p99.toFixed(2)}</td><td></td><td></td></tr>`
  return `<h2>${escapeXml(name)}</h2><p>Shows ${escapeXml(proves)}.</p><p class="soft">Not shown: ${escapeXml(limits)}.</p>
<table><tr><th></th><th>sent</th><th>errors</th><th>p50 ms</th><th>p90</th><th>p99</th><th>p99.9</th><th>max</th></tr>${rows.join('')}${floor}</table>
<ul>${items.join('')}</ul><div class="plots">${byPercentile(phases)}${phases.map(overTime).join('')}</div>`
}

/** On the axis each nine has the same width. */
function byPercentile(phases: readonly PhaseOutcome[]): string {
  const nines = (percentile: number) => -Math.log10(1 - Math.min(percentile, 99.999) / 100)
  const ticks = [0, 50, 90, 99, 99.9, 99.99].map((percentile) => [nines(percentile), `${percentile} %`] as const)
  const lines = phases.map(({ name, row }) => ({
    name,
    points: row.curve.filter(([percentile]) => percentile <= 99.99).map(([at, value]) => [nines(at), value] as const)
  }))
  return plot({
    title: 'Latency by percentile',
    xName: 'requests as fast or faster',
    yName: 'ms',
    lines,
    xTicks: ticks
  })
}

function overTime({ name, row: { timeline }, samples }: PhaseOutcome): string {
  const line = (text: string, of: (second: (typeof timeline)[number]) => number | null) => ({
    name: text,
    points: timeline.map((second) => [second.second, of(second) ?? Number.NaN] as const)
  })
  const processes = Object.keys(samples[0]?.cores ?? {})
  return [
    plot({
      title: `Throughput of ${name}`,
      xName: 'second',
      yName: '1/s',
      lines: [
        line('due', ({ due }) => due),
        line('answered', ({ answered }) => answered),
        line('errors', ({ errors }) => errors)
      ]
    }),
    plot({
      title: `Latency of ${name}`,
      xName: 'second',
      yName: 'ms',
      lines: [line('p50', ({ p50 }) => p50), line('p99', ({ p99 }) => p99)]
    }),
    plot({
      title: `CPU by process, ${name}`,
      xName: 'second',
      yName: 'cores',
      lines: processes.map((process) => ({
        name: process,
        points: samples.map(({ second, cores }) => [second, cores[process] ?? Number.NaN] as const)
      }))
    })
  ].join('')
}

function comparison(compared: readonly Compared[]): string {
  if (compared.length === 0) return ''
  const rows = compared.map(({ scenario, phase, what, now, baseline }) => {
    const cells = [now.toFixed(2), baseline.toFixed(2), (now / baseline).toFixed(2)]
    return `<tr><td>${escapeXml(`${scenario}, ${phase}: ${what}`)}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
  })
  return `<h2>Compared with the baseline</h2><p>Each as a multiple of the no-op route of its own session.</p>
<table><tr><th></th><th>now</th><th>then</th><th>now ÷ then</th></tr>${rows.join('')}</table>`
}
