import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { METRICS } from '../../src/metrics.ts'
import { processesOf } from '../dashboards/samples.ts'

const TEXT = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  'Every process': ['gateway', 'ingest', 'monitor'],
  Gateway: ['gateway'],
  'Gateway and monitor': ['gateway', 'monitor'],
  'Ingest worker': ['ingest'],
  'Monitor worker': ['monitor']
}

interface Line {
  readonly section: string
  readonly name: string
  readonly type: string
  readonly labels: string
  readonly meaning: string
}

function documented(): Line[] {
  return TEXT.split(/^## /m)
    .slice(1)
    .flatMap((part) => {
      const section = part.slice(0, part.indexOf('\n'))
      const rows = part.matchAll(/^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]+) \|$/gm)
      return [...rows].map(([, name = '', type = '', labels = '', meaning = '']) => {
        return { section, name, type, labels: labels.trim(), meaning }
      })
    })
}

test('docs/metrics.md has every metric once and no other, with its type and its labels', () => {
  const inDocs = documented().map(({ name, type, labels }) => `${name} ${type} (${labels})`)
  const inCode = Object.entries(METRICS).map(([name, { type, labels }]) => `${name} ${type} (${labels.join(', ')})`)
  expect(inDocs.sort()).toEqual(inCode.sort())
})

test('docs/metrics.md begins each meaning with the text that a scrape shows', () => {
  const helps = new Map<string, string>(Object.entries(METRICS).map(([name, { help }]) => [name, help]))
  const apart = documented().filter(({ name, meaning }) => !meaning.startsWith(helps.get(name) ?? '-'))
  expect(apart).toEqual([])
})

test('docs/metrics.md puts each metric under the process that serves it', () => {
  const misplaced = documented().filter(({ name, section }) => SECTIONS[section]?.join() !== processesOf(name).join())
  expect(misplaced).toEqual([])
})

test.each(['ingest', 'monitor'])('docs/metrics.md knows every metric that workers/%s.ts asks for', (process) => {
  const source = readFileSync(new URL(`../../workers/${process}.ts`, import.meta.url), 'utf8')
  const asked = [...source.matchAll(/'(credit_\w+)'/g)].map(([, name = '']) => name)
  const lines = documented().filter(({ section }) => SECTIONS[section]?.includes(process))
  expect(asked.filter((name) => !lines.some((line) => line.name === name))).toEqual([])
})
