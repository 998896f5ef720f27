import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withCatalogue } from '../../docs/write-features.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'

const TEXT = readFileSync(new URL('../../docs/features.md', import.meta.url), 'utf8')

test('docs/features.md is what npm run docs:features writes', () => {
  expect(TEXT).toBe(withCatalogue(TEXT))
})

test('docs/features.md has one line for each feature of the catalogue', () => {
  const named = [...TEXT.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name)
  expect(named.toSorted()).toEqual(CATALOGUE.map(({ name }) => name).toSorted())
  expect(TEXT).toContain(`The ${CATALOGUE.length} features`)
})
