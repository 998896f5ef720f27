import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ERRORS } from '../../src/errors.ts'

const TEXT = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')

test('docs/errors.md has every error once and no other, with its status, title and whether to try again', () => {
  const rows = [...TEXT.matchAll(/^\| `(\w+)` \| (\d+) \| (yes|no) \| ([^|]+) \| ([^|]+) \|$/gm)]
  const inDocs = rows.map(([, code, status, retryable, title]) => `${code} ${status} ${retryable} ${title}`)
  const inCode = Object.entries(ERRORS).map(
    ([code, { status, title, retryable }]) => `${code} ${status} ${retryable ? 'yes' : 'no'} ${title}`
  )
  expect(inDocs.sort()).toEqual(inCode.sort())
  expect(rows.filter(([, , , , , advice = '']) => advice.trim().length < 10)).toEqual([])
})
