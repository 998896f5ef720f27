import { globSync, readFileSync } from 'node:fs'

/** One sample of the text that /metrics answers. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const ROOT = new URL('..', import.meta.url)
const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g
const HISTOGRAM_PARTS = /_(bucket|sum|count)$/
const METRIC = /\bcredit_\w+/g

export async function scrape(opsUrls: Iterable<string>): Promise<readonly Sample[]> {
  const texts = await Promise.all([...opsUrls].map(async (url) => (await fetch(`${url}/metrics`)).text()))
  return texts.flatMap(parseExposition)
}

export function parseExposition(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = LINE.exec(line) ?? []
    if (name === undefined) return []
    const pairs = [...labels.matchAll(LABEL)].map(([, label = '', of = '']) => [label, of] as const)
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }]
  })
}

/** Metrics that the dashboards ask for, without what Prometheus records from them. */
export function dashboardMetrics(): readonly string[] {
  const texts = globSync('dashboards/*.json', { cwd: ROOT }).map((file) => readFileSync(new URL(file, ROOT), 'utf8'))
  const names = texts.flatMap((text) => [...text.matchAll(METRIC)].map(([name]) => name.replace(HISTOGRAM_PARTS, '')))
  return [...new Set(names)].sort()
}

/** Of those, the ones that have no sample. */
export function emptyMetrics(
  samples: readonly Sample[],
  wanted: readonly string[] = dashboardMetrics()
): readonly string[] {
  const there = new Set(samples.flatMap(({ name }) => [name, name.replace(HISTOGRAM_PARTS, '')]))
  return wanted.filter((name) => !there.has(name))
}
