import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { RUNBOOK_UID, runbookPanels } from '../../dashboards/src/runbook.ts'
import { METRICS, type MetricName } from '../../src/metrics.ts'
import { allRules, DASHBOARD_FOLDER, dashboardFiles, metricNamesIn, panelsOf, RULES_FOLDER } from './dashboards.ts'
import { findProgram } from './prometheus.ts'

interface RuleTest {
  readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts?: readonly object[] }[]
}

const TESTS = new URL('tests/', RULES_FOLDER)
const yamlFiles = (folder: URL) => readdirSync(folder).filter((name) => name.endsWith('.yml'))
const read = <Shape>(file: URL) => parse(readFileSync(file, 'utf8')) as Shape
const run = promisify(execFile)
const PROMTOOL = findProgram('promtool')
const AMTOOL = findProgram('amtool')

const rules = allRules()
const alerts = rules.filter(({ alert }) => alert !== undefined)
const ruleTests = yamlFiles(TESTS).flatMap((name) => {
  const { tests } = read<{ tests: RuleTest[] }>(new URL(name, TESTS))
  return tests.flatMap(({ alert_rule_test: of = [] }) => of)
})

/** Fire whatever happens, or when nothing is there: a moment without them cannot be made or would prove nothing. */
const ALWAYS = ['Watchdog']

describe.each(alerts.map((rule) => [rule.alert as string, rule] as const))(
  '%s',
  (name, { expr, labels, annotations }) => {
    test('says how urgent it is, what to do and where to look', () => {
      expect(['page', 'ticket', 'none']).toContain(labels?.severity)
      expect(annotations?.summary).toMatch(/\S/)
      const [, anchor] = /^docs\/runbook\.md#(.+)$/.exec(annotations?.runbook ?? '') ?? []
      const heading = runbookPanels().find((candidate) => candidate.anchor === anchor)
      expect(heading).toBeDefined()
      const seenOn = dashboardFiles().find(({ dashboard }) => dashboard.uid === annotations?.dashboard)?.dashboard
      const panel = seenOn && panelsOf(seenOn).find(({ title }) => title === annotations?.panel)
      expect(panel?.links?.map(({ url }) => url)).toContain(`/d/${RUNBOOK_UID}?viewPanel=${heading?.id}`)
    })

    test('asks for metrics that exist', () => {
      const recorded = rules.map(({ record }) => record)
      const known = (metric: string) =>
        recorded.includes(metric) ||
        METRICS[metric.replace(/_(bucket|sum|count)$/, '') as MetricName] !== undefined ||
        METRICS[metric as MetricName] !== undefined ||
        /^(up|process_start_time_seconds|nodejs_eventloop_lag_p99_seconds)$/.test(metric)
      expect(metricNamesIn(expr).filter((metric) => !known(metric))).toEqual([])
    })

    test('is tested: it fires, and it does not', () => {
      const cases = ruleTests.filter(({ alertname }) => alertname === name)
      expect(cases.some(({ exp_alerts: expected = [] }) => expected.length > 0)).toBe(true)
      if (!ALWAYS.includes(name))
        expect(cases.some(({ exp_alerts: expected = [] }) => expected.length === 0)).toBe(true)
    })
  }
)

test('every sum that is recorded is tested, or read by a rule that is', () => {
  const expressions = yamlFiles(TESTS).flatMap((name) => {
    const { tests } = read<{ tests: { promql_expr_test?: { expr: string }[] }[] }>(new URL(name, TESTS))
    return tests.flatMap(({ promql_expr_test: of = [] }) => of.map(({ expr }) => expr))
  })
  const tested = new Set<string>()
  // Each alert is tested above; what a tested sum reads is tested with it.
  const queue = [...expressions, ...alerts.map(({ expr }) => expr)]
  for (const expression of queue) {
    for (const name of metricNamesIn(expression)) {
      if (tested.has(name)) continue
      tested.add(name)
      queue.push(...rules.filter(({ record }) => record === name).map(({ expr }) => expr))
    }
  }
  const untested = rules.flatMap(({ record }) => (record === undefined || tested.has(record) ? [] : [record]))
  expect(untested).toEqual([])
})

test('no two alerts share a name', () => {
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length)
})

test.skipIf(PROMTOOL === undefined).each(yamlFiles(TESTS))(
  'promtool sees each alert of %s fire and not fire (skipped without promtool)',
  async (name) => {
    // It lives for a second or two: to collect garbage seldom costs it nothing but memory.
    const env = { ...process.env, GOGC: '800' }
    const { stdout } = await run(PROMTOOL!, ['test', 'rules', fileURLToPath(new URL(name, TESTS))], { env })
    expect(stdout).toContain('SUCCESS')
  }
)

test.skipIf(AMTOOL === undefined)('amtool accepts dashboards/alertmanager.yml (skipped without amtool)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'assay-alerts-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  // Debian's amtool is older than url_file (0.26).
  const text = (await readFile(new URL('alertmanager.yml', DASHBOARD_FOLDER), 'utf8')).replaceAll(
    /url_file: \S+/g,
    'url: http://127.0.0.1:1/'
  )
  const file = join(folder, 'alertmanager.yml')
  await writeFile(file, text)
  const { stdout, stderr } = await run(AMTOOL!, ['check-config', file])
  expect(`${stdout}${stderr}`).toContain('SUCCESS')
})

test('every alert of a severity reaches somebody', () => {
  const { route, receivers } = read<{
    route: { receiver: string; routes: { receiver: string; matchers: string[] }[] }
    receivers: { name: string }[]
  }>(new URL('alertmanager.yml', DASHBOARD_FOLDER))
  const names = receivers.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining([route.receiver, ...route.routes.map(({ receiver }) => receiver)]))
  expect(route.routes.some(({ matchers }) => matchers.includes('severity = "page"'))).toBe(true)
})
