import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { JOB_NAMES } from '../../src/monitoring/jobs.ts'
import { DASHBOARD_FOLDER, dashboardFiles, queriesOf } from './dashboards.ts'
import { findProgram, type Prometheus, startPrometheus, until } from './prometheus.ts'
import { PROCESSES, serveSamples } from './samples.ts'

const PROGRAM = findProgram('prometheus')
const PROMTOOL = findProgram('promtool')
const CONFIG = new URL('prometheus.yml', DASHBOARD_FOLDER)
const SCRAPES = 4
/** What Grafana would put in; $product is “All”. */
const VARIABLES: Readonly<Record<string, string>> = { $__rate_interval: '5s', $__range: '1m', $product: '.*' }

interface ScrapeConfig {
  global: { scrape_interval: string; scrape_timeout: string }
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

  beforeAll(async () => {
    const config = readConfig()
    for (const scrape of config.scrape_configs) {
      const { server, target } = await serveSamples(scrape.job_name as (typeof PROCESSES)[number])
      servers.push(server)
      scrape.static_configs = [{ targets: [target] }]
    }
    Object.assign(config.global, { scrape_interval: '500ms', scrape_timeout: '500ms' })
    prometheus = await startPrometheus(PROGRAM!, stringify(config))
    await until(`${SCRAPES} scrapes of each process`, async () => {
      const answer = await prometheus.query(`count(sum_over_time(up[1m]) >= ${SCRAPES})`)
      return 'series' in answer && answer.series[0]?.value === PROCESSES.length
    })
  }, 20_000)

  afterAll(async () => {
    await prometheus?.stop()
    for (const server of servers) server.close().closeAllConnections()
  })

  /** What keeps a panel from being drawn, or nothing. */
  const problemOf = async (expression: string): Promise<string | undefined> => {
    let filled = expression
    for (const [name, value] of Object.entries(VARIABLES)) filled = filled.replaceAll(name, value)
    if (filled.includes('$')) return `a variable is not known: ${filled}`
    const answer = await prometheus.query(filled)
    if ('error' in answer) return answer.error
    if (answer.series.length === 0) return 'no series'
    return answer.series.every(({ value }) => Number.isNaN(value)) ? 'no number' : undefined
  }

  test.each(dashboardFiles())('answers every query of $name', async (file) => {
    const problems: string[] = []
    for (const { where, target } of queriesOf(file)) {
      const problem = await problemOf(target.expr)
      if (problem !== undefined) problems.push(`${where}: ${problem}\n  ${target.expr}`)
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
