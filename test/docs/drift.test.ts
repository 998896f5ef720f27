import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { allRules } from '../dashboards/dashboards.ts'

const TEXT = readFileSync(new URL('../../docs/drift.md', import.meta.url), 'utf8')
const numbersOf = (text: string) => [...new Set(text.match(/\d+(?:\.\d+)?/g))].sort()

test('docs/drift.md has the alerts of drift with their thresholds and times', () => {
  const rows = [...TEXT.matchAll(/^\| `([A-Z]\w+)` \| ([^|]+) \| (\w+) \|$/gm)]
  const told = rows.map(([, alert, when = '', forTime]) => ({ alert, numbers: numbersOf(when), for: forTime }))
  const rules = allRules().filter(({ alert = '' }) => told.some((row) => row.alert === alert))
  expect(rules.length).toBeGreaterThan(4)
  expect(told).toEqual(
    // A window of a day is a label of the metric, no threshold.
    rules.map((rule) => ({
      alert: rule.alert,
      numbers: numbersOf(rule.expr.replaceAll(/"[^"]*"/g, '')),
      for: rule.for
    }))
  )
})
