import { readFile, writeFile } from 'node:fs/promises'
import { CATALOGUE } from '../src/features/catalogue.ts'
import { describeFeature, type FeatureDescription } from '../src/features/describe.ts'

const FILE = new URL('./features.md', import.meta.url)
const SECTIONS = [
  ['events', 'From events'],
  ['application', 'From the application'],
  ['ratio', 'Ratios']
] as const

/** The text of docs/features.md with the tables and the number of features that the catalogue has; the prose stays. */
export function withCatalogue(text: string): string {
  const features = CATALOGUE.map(describeFeature)
  const counted = text.replace(/^The \d+ features/m, `The ${features.length} features`)
  return SECTIONS.reduce((whole, [source, title]) => {
    const rows = features.filter((feature) => feature.source === source).map(toRow)
    const table = new RegExp(`(^## ${title}$[^]*?^\\|(?:---\\|)+\\n)(?:^\\| .*\\n)*`, 'm')
    return whole.replace(table, (_all, head: string) => `${head}${rows.join('')}`)
  }, counted)
}

function toRow(feature: FeatureDescription): string {
  const { name, entity = '–', events = [], where, aggregation, window, whenNone, unit, range, legal, meaning } = feature
  const cells = [
    `\`${name}\``,
    entity,
    [events.join(', '), ...(where === undefined ? [] : [`where ${where}`])].join(' ') || '–',
    aggregation,
    window,
    whenNone ?? 'missing',
    unit,
    range.join(' … '),
    legal.join(', ') || '–',
    meaning
  ]
  return `| ${cells.join(' | ')} |\n`
}

/** `npm run docs:features` writes the file when it has changed. */
if (import.meta.main) {
  const before = await readFile(FILE, 'utf8')
  const after = withCatalogue(before)
  if (after !== before) await writeFile(FILE, after)
  process.stdout.write(`docs/features.md: ${after === before ? 'unchanged' : 'written'}\n`)
}
