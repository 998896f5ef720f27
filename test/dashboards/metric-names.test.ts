import { describe, expect, test } from 'vitest'
import { RECORDED } from '../../dashboards/src/promql.ts'
import { runbookPanels } from '../../dashboards/src/runbook.ts'
import { DASHBOARDS, toJson } from '../../dashboards/src/write.ts'
import { createMetrics, METRICS, type MetricName } from '../../src/metrics.ts'
import { allRules, dashboardFiles, isRow, metricNamesIn, panelsOf, queriesOf } from './dashboards.ts'

const FILES = dashboardFiles()
/** Words in quotes that name a dashboard, a label or a line of a log. */
const NO_PANELS = [
  ...['decisions live', 'unreadable', 'overtaken', 'foreign', 'major'],
  'the loan book could not be read for its metrics'
]
/** Made by Prometheus for each target. */
const OF_PROMETHEUS = ['up']

/** Names under which a metric can be asked for: a histogram only by its parts. */
function series(name: string, type: string): string[] {
  return type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
}

function knownSeries(): Set<string> {
  const ours = Object.entries(METRICS).flatMap(([name, { type }]) => series(name, type))
  const { registry } = createMetrics({ process: 'gateway', version: 'test', withDefaults: true })
  const nodes = registry.getMetricsAsArray().flatMap(({ name, type }) => {
    return METRICS[name as MetricName] === undefined ? series(name, String(type)) : []
  })
  return new Set([...ours, ...nodes, ...OF_PROMETHEUS, ...RECORDED])
}

test('the reader of queries tells metrics from functions, labels, texts and variables', () => {
  const expression =
    'topk(3, sum by (le, job) (rate(a_bucket{x=~"$b", y="c d"}[$__rate_interval]))) / on (z) (e_total offset 1w or vector(0))'
  expect(metricNamesIn(expression)).toEqual(['a_bucket', 'e_total'])
})

test('the files are what the code makes: node dashboards/src/write.ts', () => {
  expect(FILES.map(({ name }) => name)).toEqual(Object.keys(DASHBOARDS).sort())
  for (const { name, text } of FILES) expect(text === toJson(DASHBOARDS[name]!), name).toBe(true)
})

test('panels read only what a rule records', () => {
  const recordedByRules = allRules().flatMap(({ record }) => record ?? [])
  expect(RECORDED.filter((name) => !recordedByRules.includes(name))).toEqual([])
})

test('the runbook is a dashboard too: each heading a panel, by the id that links name, and no link leads nowhere', () => {
  const runbook = FILES.find(({ name }) => name === 'runbook.json')!.dashboard
  const texts = runbook.panels.map((panel) => (panel.type === 'text' ? panel.options.content : ''))
  expect(runbook.panels.map(({ id, title }) => [id, title])).toEqual(
    runbookPanels().map(({ id, title }) => [id, title])
  )
  for (const text of texts) expect(text).toMatch(/\S/)
  const targets = texts.flatMap((text) => [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target))
  expect(targets.length).toBeGreaterThan(3)
  for (const target of targets) expect(target).toMatch(/^\/d\/assay-runbook\?viewPanel=\d+$/)
})

test('panels that the runbook and other panels speak of are there', () => {
  const titles = FILES.flatMap(({ dashboard }) => dashboard.panels.map(({ title }) => title))
  const questions = FILES.flatMap(({ dashboard }) => panelsOf(dashboard).map(({ description }) => description))
  const named = [...runbookPanels().map(({ text }) => text), ...questions].flatMap((text) =>
    [...text.matchAll(/“([^”]+)”/g)].map(([, name = '']) => name.replaceAll('\n', ' '))
  )
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((name) => !titles.includes(name) && !NO_PANELS.includes(name))).toEqual([])
})

test('no two dashboards share an address', () => {
  const uids = FILES.map(({ dashboard }) => dashboard.uid)
  expect(new Set(uids).size).toBe(uids.length)
})

describe.each(FILES.filter(({ name }) => name !== 'runbook.json'))('$name', (file) => {
  const { dashboard } = file
  const panels = panelsOf(dashboard)

  test('asks only for metrics that exist', () => {
    const known = knownSeries()
    const unknown = queriesOf(file).flatMap(({ where, target }) => {
      const names = metricNamesIn(target.expr)
      return names.length === 0 ? [`${where}: no metric`] : names.filter((name) => !known.has(name)).map(at(where))
    })
    const annotated = (dashboard.annotations?.list ?? []).flatMap(({ expr }) => metricNamesIn(expr))
    expect([...unknown, ...annotated.filter((name) => !known.has(name))]).toEqual([])
    for (const variable of (dashboard.templating?.list ?? []) as { type: string; definition?: string }[]) {
      if (variable.type !== 'query') continue
      const name = /^label_values\((\w+), \w+\)$/.exec(variable.definition ?? '')?.[1]
      expect(known.has(name ?? '')).toBe(true)
    }
  })

  test('gives every panel a title of its own, a question, a unit and something to draw', () => {
    for (const { title, description, fieldConfig, targets } of panels) {
      expect(description, title).toMatch(/^[A-Z][^\n]*\?\n\S/)
      expect(fieldConfig.defaults.unit, title).toBeTruthy()
      expect(targets.length, title).toBeGreaterThan(0)
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length)
    }
    const titles = dashboard.panels.map(({ title }) => title.trim())
    expect(titles).not.toContain('')
    expect(new Set(dashboard.panels.map(({ type, title }) => `${type} ${title}`)).size).toBe(titles.length)
  })

  test('lays panels out inside the grid, none over another', () => {
    const taken = new Map<string, string>()
    for (const panel of dashboard.panels) {
      const { x, y, w, h } = panel.gridPos
      expect(x >= 0 && w > 0 && h > 0 && x + w <= 24, panel.title).toBe(true)
      if (isRow(panel)) expect(w, panel.title).toBe(24)
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          expect(taken.get(`${column} ${line}`), `under “${panel.title}”`).toBeUndefined()
          taken.set(`${column} ${line}`, panel.title)
        }
      }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
  })

  test('takes its data source from the dashboard, so that it serves every installation', () => {
    const sources = panels.flatMap(({ datasource, targets }) => [datasource, ...targets.map((each) => each.datasource)])
    for (const source of sources) expect(source).toEqual({ type: 'prometheus', uid: `\${datasource}` })
    expect(dashboard.templating?.list).toContainEqual(
      expect.objectContaining({ type: 'datasource', name: 'datasource' })
    )
  })

  test('looks back by $__rate_interval or $__range, never by a fixed time that a zoom outgrows', () => {
    const ranges = queriesOf(file).flatMap(({ target }) =>
      [...target.expr.replaceAll(/"[^"]*"/g, '').matchAll(/\[([^\]]*)\]/g)].map(([, r]) => r)
    )
    expect(ranges.filter((range) => range !== '$__range' && range !== '$__rate_interval')).toEqual([])
  })
})

function at(where: string): (name: string) => string {
  return (name) => `${where}: ${name}`
}
