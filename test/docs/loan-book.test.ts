import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LOAN_BOOK_TYPES } from '../../src/domain/loan-event.ts'
import { BUCKETS, bucketOf } from '../../src/loans/buckets.ts'
import { LOAN_STATES } from '../../src/loans/loan-schema.ts'
import { librarySource } from '../../src/redis/functions.ts'

const TEXT = readFileSync(new URL('../../docs/loan-book.md', import.meta.url), 'utf8')

test('docs/loan-book.md has every event that changes a loan', () => {
  const inDocs = [...TEXT.matchAll(/^\| `([a-z]+\.[a-z_]+)` \| /gm)].map(([, type]) => type)
  expect(inDocs.sort()).toEqual([...LOAN_BOOK_TYPES].sort())
})

test('docs/loan-book.md states the buckets, the states and the most events of a loan', () => {
  const ranges = [...TEXT.matchAll(/(M[1-6]) (\d+)–(\d+)/g)]
  expect(ranges.map(([, bucket]) => bucket)).toEqual(BUCKETS.slice(1, -1))
  for (const [, bucket, from, to] of ranges)
    expect([bucketOf(Number(from)), bucketOf(Number(to))]).toEqual([bucket, bucket])
  for (const state of LOAN_STATES) expect(TEXT).toContain(`\`${state}\``)
  const most = /local LOAN_EVENTS = (\d+)/.exec(librarySource())?.[1]
  expect(TEXT).toContain(`${Number(most).toLocaleString('en')}\nevents`)
})
