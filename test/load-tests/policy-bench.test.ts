import { expect, test } from 'vitest'
import { FEATURES, MODEL, madeUpInput, POLICY } from '../../load-tests/bench/policy/made-up.ts'
import { createRandom } from '../../load-tests/random.ts'
import { compilePolicy } from '../../src/policy/engine.ts'
import { loadRules } from '../../src/policy/load-rules.ts'
import { problemsOf } from '../policy/policy-file.ts'

test('the policy of the bench is a policy of ten rules and three tables, and gives each made-up applicant nine offers', async () => {
  const rules = await loadRules()
  expect(await problemsOf(POLICY, FEATURES, rules)).toEqual([])
  expect([POLICY.velocity.length, POLICY.tables?.length]).toEqual([10, 3])
  const decide = compilePolicy(POLICY, MODEL, FEATURES, { rules })
  const random = createRandom(1)
  for (let index = 0; index < 100; index++) {
    const { outcome, offers } = decide(madeUpInput(random, index))
    expect([outcome, offers.length]).toEqual(['APPROVE', 9])
  }
})
