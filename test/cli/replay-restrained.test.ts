import { expect, test } from 'vitest'
import { replayDecisionCommand } from '../../src/cli/replay-decision.ts'
import { applicationOf, borrower, createDecideCase, featuresOf } from '../explanation/decided.ts'
import { altered, bytesOf, keep, shelf } from './kept-decisions.ts'
import { runOnRedis } from './run-command.ts'

const ASKED = applicationOf({ term: { count: 90, unit: 'day' } })

test.each([
  [0, { decision: 'REFER', reasons: [{ code: 'R902' }], offers: [] }],
  [0.4, { limit: { bindingConstraint: 'PORTFOLIO' } }]
])('replay-decision decides again under the share %s that the portfolio left', async (limitShare, expected) => {
  const restraint = { limitShare, by: ['daily-budget.cash'] }
  const decide = await createDecideCase({ restraint })
  const decided = await decide(ASKED, featuresOf(ASKED, borrower(-5)))
  expect(JSON.parse(decided.record).restraint).toEqual(restraint)
  expect(JSON.parse(decided.answer)).toMatchObject(expected)
  const verdictOf = async (value: Buffer) => {
    const at = await shelf()
    await keep(at, decided, value)
    return (await runOnRedis(replayDecisionCommand, at.env, decided.decisionId)).summary.verdict
  }
  expect(await verdictOf(bytesOf(decided))).toBe('same')
  const forgotten = altered(decided, ({ record }) => {
    record.restraint = undefined
  })
  expect(await verdictOf(forgotten)).not.toBe('same')
})
