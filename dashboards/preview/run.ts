import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Dashboard } from '../src/grafana.ts'
import { createPrometheusClient, type Range } from './ask.ts'
import { drawPage } from './page.ts'
import { picture } from './picture.ts'
import { askPanels } from './preview.ts'

const USAGE = `npm run dashboards:preview -- [--prometheus URL] [--minutes N] [--scrape SECONDS] [--out FOLDER]

Draws every dashboard from what a Prometheus answers to its panels, as one HTML file each, and as PNG where there is a chromium.

  --prometheus  where to ask; http://127.0.0.1:9090 by default
  --minutes     how far back to look; 60 by default
  --scrape      how often that Prometheus scrapes; 5 by default
  --out         where the files go; dashboards/preview/out by default`

const FOLDER = new URL('../', import.meta.url)
const STEPS = 200

const { values } = parseArgs({
  options: {
    prometheus: { type: 'string', default: 'http://127.0.0.1:9090' },
    minutes: { type: 'string', default: '60' },
    scrape: { type: 'string', default: '5' },
    out: { type: 'string', default: new URL('preview/out/', FOLDER).pathname },
    help: { type: 'boolean', default: false }
  }
})
if (values.help) process.stdout.write(`${USAGE}\n`)
else await run()

async function run(): Promise<void> {
  const out = resolve(values.out)
  await mkdir(out, { recursive: true })
  const toSeconds = Math.floor(Date.now() / 1000)
  const rangeSeconds = Number(values.minutes) * 60
  const scrapeIntervalSeconds = Number(values.scrape)
  const stepSeconds = Math.max(1, Math.ceil(rangeSeconds / STEPS))
  const range: Range = { fromSeconds: toSeconds - rangeSeconds, toSeconds, stepSeconds }
  const prometheus = createPrometheusClient(values.prometheus)
  for (const name of (await readdir(FOLDER)).filter((file) => file.endsWith('.json') && file !== 'runbook.json')) {
    const dashboard = JSON.parse(await readFile(new URL(name, FOLDER), 'utf8')) as Dashboard
    const page = drawPage(dashboard, await askPanels(dashboard, { prometheus, range, scrapeIntervalSeconds }), range)
    const html = join(out, name.replace('.json', '.html'))
    await writeFile(html, page.html)
    const png = await picture(html, page)
    process.stdout.write(`${html}${png === undefined ? ' (no chromium for a picture)' : ` and ${png}`}\n`)
  }
}
