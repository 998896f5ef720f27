import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { LEFT_OUT_MODEL, LEFT_OUT_REASONS, LEFT_OUT_SHADOW } from '../../src/decisions/ladder.ts'
import { BUSY_FROM } from '../../src/serving/shadow.ts'

const TEXT = readFileSync(new URL('../../docs/overload.md', import.meta.url), 'utf8')
const { MAX_IN_FLIGHT, DECISION_DEADLINE_MS } = loadConfig({ TOKEN_KEY: '0'.repeat(64) })

test('docs/overload.md has the defaults that are in force', () => {
  expect(TEXT).toContain(`${MAX_IN_FLIGHT}, the default`)
  expect(TEXT).toContain(`\`DECISION_DEADLINE_MS\` (${DECISION_DEADLINE_MS / 1000} s)`)
  expect(TEXT).toContain(`no more than ${BUSY_FROM} decisions are in progress`)
})

test('the ladder of docs/overload.md leaves out in the order of the code, by the marks of the trace', () => {
  const [, ladder = ''] = /^\| rung \|.*\n\|[-|]+\n((?:\|.*\n)+)/m.exec(TEXT) ?? []
  const marks = [...ladder.matchAll(/`(LEFT_OUT:\w+)`/g)].map(([, mark]) => mark)
  expect([...new Set(marks)]).toEqual([LEFT_OUT_SHADOW, LEFT_OUT_REASONS, LEFT_OUT_MODEL])
})
