import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DEFAULT_REVIEW_POLICY, ReviewPolicySchema } from '../../src/policy/review-policy.ts'
import { REVIEW_STATES } from '../../src/reviews/review.ts'

const TEXT = readFileSync(new URL('../../docs/reviews.md', import.meta.url), 'utf8')
const rows = [...TEXT.matchAll(/^\| `(\w+)` \| ([^|]+?) \|/gm)].map(([, name = '', second = '']) => ({ name, second }))

test('docs/reviews.md names every setting with its default', () => {
  const told = rows.filter(({ name }) => name in ReviewPolicySchema.properties)
  const known = Object.entries(DEFAULT_REVIEW_POLICY).map(([name, value]) => ({
    name,
    second: Array.isArray(value) ? 'none' : String(value)
  }))
  expect(told).toEqual(known)
})

test('docs/reviews.md names every state', () => {
  const states: readonly string[] = REVIEW_STATES
  expect(rows.map(({ name }) => name).filter((name) => states.includes(name))).toEqual([...states])
})
