import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadRulePacks } from '../../src/policy/rule-pack-load.ts'
import type { Rule } from '../../src/policy/rule-pack-schema.ts'

const TEXT = readFileSync(new URL('../../docs/rule-packs.md', import.meta.url), 'utf8')
const { packs, lpr } = await loadRulePacks(new URL('../../policies/rule-packs/', import.meta.url))

const sourceOf = ({ citation, marks }: Rule['source']) =>
  [citation, ...(marks.length === 0 ? [] : [marks.map((mark) => `[${mark}]`).join('')])].join(' ')

function rowOf(rule: Rule, bindAlso: readonly string[]): string {
  const { id, title, status, effectiveFrom, effectiveTo, source } = rule
  const bound = bindAlso.includes(id) ? ', bound by the pack' : ''
  const days = `${effectiveFrom ?? '…'} – ${effectiveTo ?? '…'}`
  return `| \`${id}\` | ${title} | ${status}${bound} | ${days} | ${sourceOf(source)} | ${source.unverified ? 'unverified' : ''} |`
}

test.each(packs.map(({ pack }) => [pack.id, pack] as const))(
  'docs/rule-packs.md has every rule of %s and no other',
  (id, pack) => {
    const section = TEXT.split(/^## /m).find((part) => part.startsWith(`${id}\n`)) ?? ''
    expect(section.match(/^\| `.*$/gm)).toEqual(pack.rules.map((rule) => rowOf(rule, pack.bindAlso)))
  }
)

test('docs/rule-packs.md has a section for each pack and no other', () => {
  const sections = [...TEXT.matchAll(/^## ([a-z0-9-]+)$/gm)].map(([, id]) => id)
  expect(sections).toEqual(packs.map(({ pack }) => pack.id))
})

test('docs/rule-packs.md has the LPR series', () => {
  const rows = lpr.series.points.map(
    ({ from, ratio, source }) =>
      `| ${from} | ${ratio} | ${sourceOf(source)} | ${source.unverified ? 'unverified' : ''} |`
  )
  expect(TEXT.match(/^\| [0-9].*$/gm)).toEqual(rows)
})
