import { expect, test } from 'vitest'
import type { Explanation } from '../../src/explanation/schema.ts'
import { assay } from '../support/gateway-process.ts'
import { madeUpHistory } from './histories.ts'
import { throughGateway } from './through-gateway.ts'
import type { Line } from './waves.ts'

test('every decision of a live gateway comes out the same again from its record, and is explained', async () => {
  const { events, applications } = madeUpHistory(20261125)
  const { byApplication, env, get } = await throughGateway(
    events as object[] as Line[],
    applications as object[] as Line[]
  )
  const lines = (await assay(['replay-decision', '--all', '--rate', '0'], env)).trimEnd().split('\n')
  expect(lines).toHaveLength(1)
  const count = byApplication.size
  expect(JSON.parse(lines[0] as string)).toEqual({
    decisions: count,
    same: count,
    data: 0,
    person: 0,
    model: 0,
    policy: 0,
    code: 0
  })

  const statuses = new Set<string>()
  for (const { decision } of byApplication.values()) {
    const { attribution, changes } = (await get(`/v1/decisions/${decision.decisionId}/explanation`)) as Explanation
    statuses.add(`${decision.decision} ${changes.status} ${changes.cause}`)
    expect(changes.cause).not.toBe('notReproduced')
    expect(attribution === null).toBe(decision.score === null)
    if (attribution === null) continue
    const sum = attribution.features.reduce(
      (total, { contribution }) => total + contribution,
      attribution.referenceMargin
    )
    expect(Math.abs(sum - attribution.margin)).toBeLessThan(1e-6)
    expect(1 / (1 + Math.exp(-attribution.margin))).toBeCloseTo(decision.score?.pd as number, 6)
  }
  expect(statuses.size).toBeGreaterThan(1)
})
