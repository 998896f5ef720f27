import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { describeFeature } from '../../src/features/describe.ts'

const TEXT = readFileSync(new URL('../../docs/features.md', import.meta.url), 'utf8')
const SECTIONS = { events: 'From events', application: 'From the application', ratio: 'Ratios' } as const

/** A feature as its line of docs/features.md: paste what this test expects. */
function lineOf(feature: ReturnType<typeof describeFeature>): string {
  const { name, entity = '–', events = [], where, aggregation, window, whenNone, unit, range, legal, meaning } = feature
  const none = whenNone === null ? 'missing' : whenNone
  const cells = [
    `\`${name}\``,
    entity,
    [events.join(', '), ...(where === undefined ? [] : [`where ${where}`])].join(' ') || '–',
    aggregation,
    window,
    none,
    unit,
    range.join(' … '),
    legal.join(', ') || '–',
    meaning
  ]
  return `| ${cells.join(' | ')} |`
}

test.each(Object.entries(SECTIONS))(
  'docs/features.md lists the %s features of the catalogue, in its order',
  (source, title) => {
    const section = TEXT.split(/^## /m).find((part) => part.startsWith(title)) ?? ''
    const lines = section.split('\n').filter((line) => line.startsWith('| `'))
    const features = CATALOGUE.map(describeFeature).filter((feature) => feature.source === source)
    expect(lines).toEqual(features.map(lineOf))
  }
)

test('docs/features.md says how many there are', () => {
  expect(TEXT).toContain(`The ${CATALOGUE.length} features`)
})
