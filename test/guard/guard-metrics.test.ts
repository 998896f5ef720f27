import { describe, expect, test } from 'vitest'
import { type Judgement, NO_GUARD, type Restriction } from '../../src/guard/guard-state.ts'
import { loadGuard } from '../../src/guard/load-guard.ts'
import { observeGuard } from '../../src/guard-metrics.ts'
import { createMetrics } from '../../src/metrics.ts'

describe('what a look of the guard tells', () => {
  test('each rule by its worst partner, what is held back, and what began', async () => {
    const { look, line, logged } = observed()
    look([judged('amber', 0.6, 'a'), judged('red', 0.9, 'b'), judged('few', 1, 'c')], [RESTRICTION])
    expect(await line('credit_guard_level')).toEqual(['{rule_id="partner-share",product="cash"} 2'])
    expect(await line('credit_guard_value_ratio')).toEqual(['{rule_id="partner-share",product="cash"} 0.9'])
    expect(await line('credit_concentration_ratio')).toEqual(['{dimension="partner"} 1'])
    expect(await line('credit_guard_restrictions')).toEqual(['{kind="pause"} 1', '{kind="tighten"} 0'])
    expect(await line('credit_guard_actions_total')).toEqual(['{kind="restricted"} 1'])
    expect(logged).toEqual([{ code: 'restricted', reason: 'partner-share.cash.b' }])
  })

  test('what cannot be read keeps its level, what is no longer there is within its limits', async () => {
    const { look, line } = observed()
    look([judged('red', 0.9, 'a')])
    look([{ ...judged('unknown', null, null), product: null }])
    expect(await line('credit_guard_level')).toEqual(['{rule_id="partner-share",product="cash"} 2'])
    look([])
    expect(await line('credit_guard_level')).toEqual(['{rule_id="partner-share",product="cash"} 0'])
    expect(await line('credit_guard_value_ratio')).toEqual([])
  })
})

const { rules } = (await loadGuard(new URL('../../policies/', import.meta.url))).policy
const RESTRICTION: Restriction = {
  id: 'partner-share.cash.b',
  rule: 'partner-share',
  kind: 'pause',
  product: 'cash',
  partner: 'b',
  limitShare: 0,
  value: 0.9,
  threshold: 0.8,
  policy: 'guard-1@sha256:0',
  sinceMs: 1,
  untilMs: null
}

function judged(level: Judgement['level'], value: number | null, of: string | null): Judgement {
  return { rule: 'partner-share', product: 'cash', of, level, value, count: 9, amber: 0.5, red: 0.8 }
}

function observed() {
  const metrics = createMetrics({ process: 'monitor', version: '1', withDefaults: false })
  const logged: object[] = []
  const observe = observeGuard(metrics, { warn: (fields: object) => void logged.push(fields) } as never)
  return {
    logged,
    look: (judgements: Judgement[], restrictions: Restriction[] = []) =>
      observe(
        { ...NO_GUARD, judgements, restrictions },
        restrictions.map((restriction) => ({ kind: 'restricted', atMs: 1, restriction })),
        { rules }
      ),
    line: async (name: string) =>
      (await metrics.registry.metrics())
        .split('\n')
        .filter((each) => each.startsWith(`${name}{`))
        .map((each) => each.slice(name.length))
  }
}
