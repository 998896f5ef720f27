import { expect, test } from 'vitest'
import { noSums } from '../../src/guard/aggregates.ts'
import type { Restriction } from '../../src/guard/guard-state.ts'
import { NO_GUARD } from '../../src/guard/guard-state.ts'
import { judge, nextState } from '../../src/guard/judge.ts'
import { loadGuard } from '../../src/guard/load-guard.ts'
import { restraintBy } from '../../src/guard/redis-guard-watch.ts'

const NOW_MS = Date.UTC(2026, 4, 4, 2)
const shipped = await loadGuard(new URL('../../policies/', import.meta.url))

test('the strictest of all that is in force for a product and a partner holds, until its end', () => {
  const all = [
    restriction('a', { limitShare: 0.5 }),
    restriction('b', { limitShare: 0.3, partner: 'alpha' }),
    restriction('c', { limitShare: 0, untilMs: NOW_MS + 1, partner: 'beta' }),
    restriction('d', { limitShare: 0, product: 'consumer' })
  ]
  const of = (tenant: string, nowMs = NOW_MS, product: 'cash' | 'business' = 'cash') =>
    restraintBy(all, { product, tenant }, nowMs)
  expect(of('gamma')).toEqual({ limitShare: 0.5, by: ['a'] })
  expect(of('alpha')).toEqual({ limitShare: 0.3, by: ['a', 'b'] })
  expect(of('beta')).toEqual({ limitShare: 0, by: ['a', 'c'] })
  expect(of('beta', NOW_MS + 1)).toEqual({ limitShare: 0.5, by: ['a'] })
  expect(of('alpha', NOW_MS, 'business')).toBe(undefined)
})

test('a partner that takes nearly all new volume is tightened by the rules that ship, and no other', () => {
  const week = [
    { ...noSums('cash', 'alpha'), approved: 900, approvedMinor: 900 },
    { ...noSums('cash', 'beta'), approved: 100, approvedMinor: 100 }
  ]
  const judgements = judge(shipped.policy, { today: [], recent: [], week, loans: [] })
  const { restrictions } = nextState(shipped, NO_GUARD, judgements, NOW_MS).state
  expect(restraintBy(restrictions, { product: 'cash', tenant: 'alpha' }, NOW_MS)).toEqual({
    limitShare: 0.5,
    by: ['partner-share.cash.alpha']
  })
  expect(restraintBy(restrictions, { product: 'cash', tenant: 'beta' }, NOW_MS)).toBe(undefined)
})

function restriction(id: string, changes: Partial<Restriction>): Restriction {
  return {
    id,
    rule: id,
    kind: changes.limitShare === 0 ? 'pause' : 'tighten',
    product: 'cash',
    partner: null,
    limitShare: 0.5,
    value: 1,
    threshold: 1,
    policy: shipped.id,
    sinceMs: 1,
    untilMs: null,
    ...changes
  }
}
