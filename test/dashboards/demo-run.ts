import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { parse, stringify } from 'yaml'
import { createPrometheusClient, type Range } from '../../dashboards/preview/ask.ts'
import { drawPage } from '../../dashboards/preview/page.ts'
import { picture } from '../../dashboards/preview/picture.ts'
import { askPanels } from '../../dashboards/preview/preview.ts'
import { type DemoStack, startDemoStack } from '../../demo/demo-stack.ts'
import { liveAndSummarise } from '../../demo/live.ts'
import { steadyTraffic } from '../../demo/steady.ts'
import { createProgress } from '../../load-tests/progress.ts'
import { judgeAnswers, QUIET } from './answered.ts'
import { DASHBOARD_FOLDER, dashboardFiles } from './dashboards.ts'
import { findProgram, type Prometheus, startPrometheus, writeQuickRules } from './prometheus.ts'

const USAGE = `npm run test:dashboards -- [options]

Lives the year of npm run demo with a Prometheus that scrapes it, goes on as steady traffic for a while, and asks every query of
every panel: exit code 1 when one fails, or has no answer although such a year must give one (test/dashboards/answered.ts).

  --people 800   how many people come in the year
  --days 200     how long it is
  --steady 40    seconds of steady traffic afterwards
  --out FOLDER   draws every dashboard there too
  --seed 1
  --help         this text`

const DAY_MS = 86_400_000
const SCRAPE_SECONDS = 1

const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '800' },
    days: { type: 'string', default: '200' },
    steady: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false }
  }
})
if (values.help) process.stdout.write(`${USAGE}\n`)
else process.exitCode = await main()

async function main(): Promise<number> {
  const program = findProgram('prometheus')
  if (program === undefined) {
    process.stderr.write('there is no prometheus on the PATH (apt-get install prometheus): nothing was tested\n')
    return 2
  }
  const ending = new AbortController()
  process.once('SIGINT', () => ending.abort()).once('SIGTERM', () => ending.abort())
  const folder = await mkdtemp(join(tmpdir(), 'assay-dashboards-'))
  const progress = createProgress(process.stderr)
  const startMs = Math.floor(Date.now() / DAY_MS - Number(values.days)) * DAY_MS
  const seed = Number(values.seed)
  let stack: DemoStack | undefined
  let prometheus: Prometheus | undefined
  try {
    progress.tick('starting a service')
    stack = await startDemoStack({ seed, startMs, usualPorts: false, note: progress.note, signal: ending.signal })
    prometheus = await startPrometheus(program, await configFor(stack, folder))
    const startedAtMs = Date.now()
    await live(stack, { seed, startMs, signal: ending.signal, say: progress.tick })
    progress.tick('asking')
    return await judge(prometheus, startedAtMs)
  } finally {
    progress.done()
    await prometheus?.stop()
    await stack?.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

interface Living {
  readonly seed: number
  readonly startMs: number
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

async function live(stack: DemoStack, { seed, startMs, signal, say }: Living): Promise<void> {
  const year = { seed, startMs, signal, people: Number(values.people), days: Number(values.days) }
  await liveAndSummarise(stack, { ...year, onDay: (day) => say(`day ${day}`) })
  say(`steady traffic for ${values.steady} s`)
  const steady = new AbortController()
  const going = steadyTraffic(stack, { seed, signal: AbortSignal.any([signal, steady.signal]) }).catch((error) => {
    if (!steady.signal.aborted) throw error
  })
  await Promise.race([going, pause(Number(values.steady) * 1000, undefined, { signal })])
  steady.abort()
  await going
}

/** dashboards/prometheus.yml, for the ports of this run and at a quicker pace. */
async function configFor({ opsUrls }: DemoStack, folder: string): Promise<string> {
  const config = parse(await readFile(new URL('prometheus.yml', DASHBOARD_FOLDER), 'utf8'))
  for (const scrape of config.scrape_configs)
    scrape.static_configs = [{ targets: [new URL(opsUrls[scrape.job_name as keyof typeof opsUrls] as string).host] }]
  const pace = `${SCRAPE_SECONDS}s`
  Object.assign(config.global, { scrape_interval: pace, scrape_timeout: pace, evaluation_interval: pace })
  delete config.alerting
  config.rule_files = await writeQuickRules(folder)
  return stringify(config)
}

async function judge({ address }: Prometheus, startedAtMs: number): Promise<number> {
  const toSeconds = Math.floor(Date.now() / 1000)
  const fromSeconds = Math.floor(startedAtMs / 1000)
  const range: Range = { fromSeconds, toSeconds, stepSeconds: Math.max(1, Math.ceil((toSeconds - fromSeconds) / 200)) }
  const options = { prometheus: createPrometheusClient(address), range, scrapeIntervalSeconds: SCRAPE_SECONDS }
  const problems: string[] = []
  const silent: string[] = []
  let queries = 0
  for (const { name, dashboard } of dashboardFiles()) {
    const answers = await askPanels(dashboard, options)
    const found = judgeAnswers(dashboard, answers)
    queries += found.queries
    problems.push(...found.problems.map((problem) => `${name}, ${problem}`))
    for (const { title, words } of found.silent) {
      if (QUIET[title] === undefined) problems.push(`${name}, ${words}`)
      else silent.push(`${name}, ${words} (${QUIET[title]})`)
    }
    if (values.out !== undefined && answers.size > 0) {
      await mkdir(resolve(values.out), { recursive: true })
      const page = drawPage(dashboard, answers, range)
      const file = join(resolve(values.out), name.replace('.json', '.html'))
      await writeFile(file, page.html)
      await picture(file, page)
    }
  }
  const lines = [
    `${queries} queries asked: ${problems.length} without an answer that should have one, ${silent.length} with nothing to show and words for it`,
    ...problems,
    ...silent
  ]
  process.stdout.write(`${lines.join('\n  ')}\n`)
  return problems.length === 0 ? 0 : 1
}
