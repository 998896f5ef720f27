import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { fill, variablesOf } from '../../dashboards/preview/fill.ts'
import { JOB_NAMES } from '../../src/monitoring/jobs.ts'
import { NEED_LONGER } from './answered.ts'
import { DASHBOARD_FOLDER, dashboardFiles, queriesOf } from './dashboards.ts'
import { findProgram, type Prometheus, startPrometheus, until, writeQuickRules } from './prometheus.ts'
import { PROCESSES, serveSamples } from './samples.ts'

const PROGRAM = findProgram('prometheus')
const PROMTOOL = findProgram('promtool')
const CONFIG = new URL('prometheus.yml', DASHBOARD_FOLDER)
const SCRAPES = 4
const VARIABLES = variablesOf(60, 5)
interface ScrapeConfig {
  global: { scrape_interval: string; scrape_timeout: string; evaluation_interval?: string }
  rule_files: string[]
  alerting?: object
  scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[]
}

const readConfig = () => parse(readFileSync(CONFIG, 'utf8')) as ScrapeConfig

test('Prometheus scrapes every process, and Grafana knows how often', () => {
  const { global, scrape_configs } = readConfig()
  expect(scrape_configs.map(({ job_name }) => job_name)).toEqual([...PROCESSES])
  const file = new URL('grafana/provisioning/datasources/prometheus.yml', DASHBOARD_FOLDER)
  const { datasources } = parse(readFileSync(file, 'utf8')) as { datasources: { jsonData: { timeInterval: string } }[] }
  expect(datasources.map(({ jsonData }) => jsonData.timeInterval)).toEqual([global.scrape_interval])
})

test.skipIf(PROMTOOL === undefined)(
  'promtool accepts dashboards/prometheus.yml (skipped without promtool)',
  async () => {
    const { stdout } = await promisify(execFile)(PROMTOOL!, ['check', 'config', fileURLToPath(CONFIG)])
    expect(stdout).toContain('SUCCESS')
  }
)

describe.skipIf(PROGRAM === undefined)('a live Prometheus (skipped without one on the PATH)', () => {
  const servers: Server[] = []
  let prometheus: Prometheus
  let rulesFolder: string

  beforeAll(async () => {
    const config = readConfig()
    rulesFolder = await mkdtemp(join(tmpdir(), 'assay-rules-'))
    for (const scrape of config.scrape_configs) {
      const { server, target } = await serveSamples(scrape.job_name as (typeof PROCESSES)[number])
      servers.push(server)
      scrape.static_configs = [{ targets: [target] }]
    }
    Object.assign(config.global, { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' })
    delete config.alerting
    config.rule_files = await writeQuickRules(rulesFolder)
    prometheus = await startPrometheus(PROGRAM!, stringify(config))
    await until(`${SCRAPES} scrapes of each process`, async () => {
      const answer = await prometheus.query(`count(sum_over_time(up[1m]) >= ${SCRAPES})`)
      return 'series' in answer && answer.series[0]?.value === PROCESSES.length
    })
    await until('each rule has recorded', async () => {
      const answer = await prometheus.query('assay:latency_budget_left:ratio30d and on () assay:score_psi:all1d')
      return 'series' in answer && answer.series.length > 0
    })
  }, 20_000)

  afterAll(async () => {
    await prometheus?.stop()
    await rm(rulesFolder, { recursive: true, force: true })
    for (const server of servers) server.close().closeAllConnections()
  })

  /** What keeps a panel from being drawn, or nothing. */
  const problemOf = async (expression: string): Promise<string | undefined> => {
    const filled = fill(expression, VARIABLES)
    if (filled.includes('$')) return `a variable is not known: ${filled}`
    const answer = await prometheus.query(filled)
    if ('error' in answer) return answer.error
    if (answer.series.length === 0) return 'no series'
    return answer.series.every(({ value }) => Number.isNaN(value)) ? 'no number' : undefined
  }

  test.each(dashboardFiles())('answers every query of $name', async (file) => {
    const problems: string[] = []
    for (const { where, target } of queriesOf(file)) {
      if (NEED_LONGER.some(([pattern]) => pattern.test(target.expr))) continue
      const problem = await problemOf(target.expr)
      if (problem !== undefined) problems.push(`${where}: ${problem}\n  ${target.expr}`)
    }
    for (const { name, expr } of file.dashboard.annotations?.list ?? []) {
      // Nothing changes here: it must be understood, no more.
      const answer = await prometheus.query(expr)
      if ('error' in answer) problems.push(`${name}: ${answer.error}`)
    }
    expect(problems).toEqual([])
  })

  test('finds fault with a query that is broken, empty or without a number', async () => {
    expect(await problemOf('sum by (rate(')).toContain('parse error')
    expect(await problemOf('rate(credit_no_such_total[$__rate_interval])')).toBe('no series')
    expect(await problemOf('vector(0) / vector(0)')).toBe('no number')
    expect(await problemOf('sum(up{job="$region"})')).toContain('$region')
  })

  test('keeps the name of a post-loan job, which has the label that Prometheus gives to processes', async () => {
    const answer = await prometheus.query('max by (job) (credit_job_last_success_timestamp_seconds)')
    expect('series' in answer && answer.series.map(({ metric }) => metric.job).sort()).toEqual([...JOB_NAMES].sort())
  })
})
