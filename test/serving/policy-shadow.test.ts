import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Made, Serving } from '../../src/decisions/serving.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createQuality } from '../../src/features/quality.ts'
import { createFeatureSet } from '../../src/features/vector.ts'
import type { Verdict } from '../../src/policy/engine.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { loadRules } from '../../src/policy/load-rules.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { openLineup } from '../../src/serving/lineup.ts'
import { loadActiveSet } from '../../src/serving/models.ts'
import { createPolicyShadow, type PolicyShadowResult } from '../../src/serving/policy-shadow.ts'
import { createPolicyShadowEntry, createPolicySwapSet } from '../../src/serving/policy-swap-set.ts'
import { createShadowLog, readPolicyShadowLog } from '../../src/serving/redis-shadow-log.ts'
import { cashApplication } from '../support/cash-application.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'
import { modelsFolder } from './folders.ts'
import { policiesFolderOf, strictText } from './policy-folders.ts'

const FEATURES = createFeatureSet(CATALOGUE)
const VALUES = new Float64Array(FEATURES.names.length).fill(Number.NaN)
const NOW = Date.UTC(2026, 10, 25)
const throwIt = (error: unknown) => {
  throw error
}

const APPLICATION = cashApplication({ facts: { birthYear: 1990 } })

function made(decisionId: string, changes: Partial<Made> = {}): Made {
  const verdict: Verdict = {
    outcome: 'DECLINE',
    score: null,
    limit: null,
    offers: [],
    reasons: [],
    utcOffsetMinutes: null
  }
  const assessment = {
    kind: 'scored',
    pd: 0.02,
    contributions: null,
    fraud: { pd: 0.01, contributions: null }
  } as const
  const known = {
    application: APPLICATION,
    values: VALUES,
    historyTruncated: false,
    assessment,
    nowMs: NOW,
    exposure: { owedMinor: 0 }
  }
  return { ...known, decisionId, modelId: 'champion@sha256:0', verdict, ...changes }
}

/** A serving that approves, or does what `decide` says. */
function servingOf(id: string, decide: Serving['decideByPolicy'] = () => ({ outcome: 'APPROVE' }) as Verdict): Serving {
  const answerContext = { policyId: `candidate@${id}`, modelIds: { credit: id } }
  const parts = { toVector: () => new Float32Array(1), scorecard: null, decideByPolicy: decide, answerContext }
  return parts as unknown as Serving
}

function shadowOf(servings: readonly Serving[], share = 1) {
  const results: PolicyShadowResult[] = []
  const drops: string[] = []
  const ask = createPolicyShadow({
    servings,
    share,
    onResult: (result) => void results.push(result),
    onDrop: (why) => void drops.push(why)
  })
  return { ask, results, drops }
}

const turns = async (count: number) => {
  for (let each = 0; each < count; each++) await turn()
}

describe('a candidate policy beside decisions', () => {
  test('decides after the decision was told, one a turn, by the model that scored it', async () => {
    const { ask, results } = shadowOf([servingOf('champion@sha256:0'), servingOf('challenger@sha256:1')])
    ask(made('d-1'), 1)
    ask(made('d-2', { modelId: 'challenger@sha256:1' }), 1)
    expect(results).toEqual([])
    await turns(4)
    expect(results.map(({ made: { decisionId }, policyId }) => [decisionId, policyId])).toEqual([
      ['d-1', 'candidate@champion@sha256:0'],
      ['d-2', 'candidate@challenger@sha256:1']
    ])
  })

  test('is left out while decisions wait and when it does not keep up; nobody waits for it', async () => {
    const { ask, results, drops } = shadowOf([servingOf('champion@sha256:0')])
    ask(made('busy'), 1000)
    for (let index = 0; index < 100; index++) ask(made(`d-${index}`), 1)
    expect(drops).toEqual(Array(37).fill('busy'))
    await turns(70)
    const asked = () => results.map(({ made: { decisionId } }) => decisionId)
    expect(asked()).toEqual(Array.from({ length: 64 }, (_, index) => `d-${index}`))
    ask(made('later'), 1)
    await turns(2)
    expect(asked().at(-1)).toBe('later')
  })

  test('decides a later round with the evidence of it, within what a person asked for', async () => {
    const seen: unknown[] = []
    const serving = servingOf('champion@sha256:0', ({ evidence }) => {
      seen.push(evidence)
      return { outcome: 'DECLINE', reasons: [] as unknown } as Verdict
    })
    const { ask, results } = shadowOf([serving])
    const given = [{ type: 'STEP_UP_OTP' as const, referenceId: 'otp-1', atMs: NOW }]
    const evidence = { given, attemptsLeft: {}, askedByPerson: true, open: [] }
    ask(made('d-1', { evidence }), 1)
    await turns(2)
    expect([seen, results.map(({ verdict }) => verdict.outcome)]).toEqual([[evidence], ['REFER']])
  })

  test('approves nobody whose limit is frozen, whose lending is paused or whose debt is not known, as the one that decides', async () => {
    const seen: unknown[] = []
    const approving = servingOf('champion@sha256:0', ({ exposureMinor, limitFactor, portfolioShare }) => {
      seen.push([exposureMinor, limitFactor, portfolioShare])
      return { outcome: 'APPROVE', reasons: [] as unknown } as Verdict
    })
    const { ask, results } = shadowOf([approving])
    ask(made('open', { exposure: { owedMinor: 5, standing: { frozen: false, limitFactor: 0.5 } } }), 1)
    ask(made('shared', { exposure: { owedMinor: 6, restraint: { limitShare: 0.25, by: ['x'] } } }), 1)
    ask(made('frozen', { exposure: { owedMinor: 0, standing: { frozen: true, limitFactor: 1 } } }), 1)
    ask(made('paused', { exposure: { owedMinor: 0, restraint: { limitShare: 0, by: ['x'] } } }), 1)
    ask(made('unknown', { exposure: { owedMinor: 0, fault: 'SYS_EXPOSURE_UNKNOWN' } }), 1)
    await turns(6)
    const told = results.map(({ made: { decisionId }, verdict: { outcome, reasons } }) => [
      decisionId,
      outcome,
      ...reasons.map(({ code }) => code)
    ])
    expect(told).toEqual([
      ['open', 'APPROVE'],
      ['shared', 'APPROVE'],
      ['frozen', 'DECLINE', 'R304'],
      ['paused', 'REFER', 'R902'],
      ['unknown', 'REFER', 'SYS_EXPOSURE_UNKNOWN']
    ])
    expect(seen.slice(0, 2)).toEqual([
      [5, 0.5, 1],
      [6, 1, 0.25]
    ])
  })

  test('that throws costs its result only', async () => {
    const { ask, results, drops } = shadowOf([
      servingOf('champion@sha256:0', ({ decisionId }) => {
        if (decisionId === 'bad') throw new Error('a fault of the candidate')
        return { outcome: 'REFER' } as Verdict
      })
    ])
    for (const id of ['bad', 'good']) ask(made(id), 1)
    await turns(4)
    expect([drops, results.map(({ made: { decisionId } }) => decisionId)]).toEqual([['failed'], ['good']])
  })

  test('is asked about its share of the decisions', async () => {
    const { ask, drops } = shadowOf([servingOf('champion@sha256:0')], 0.3)
    for (let index = 0; index < 5000; index++) ask(made(`d-${index}`), 1000)
    expect(drops.length).toBeGreaterThan(1300)
    expect(drops.length).toBeLessThan(1700)
  })
})

test('a line-up under other policies keeps its threads, decides by them and asks the candidate', async () => {
  const folder = await modelsFolder({ credit: { champion: '1.1.0' }, fraud: { champion: '1.0.0' } })
  const policies = await policiesFolderOf({ strict: strictText('strict') })
  const rules = await loadRules()
  const load = (name: string) => loadPolicy(new URL(`${name}.json`, policies), FEATURES.names, rules)
  const [one, two, strict] = await Promise.all([load('one'), load('two'), load('strict')])
  const results: PolicyShadowResult[] = []
  const lineup = await openLineup(await loadActiveSet(folder, throwIt), {
    featureSet: FEATURES,
    loaded: one,
    quality: createQuality(CATALOGUE),
    pool: { threads: 1, maxBatchRows: 16, maxQueuedRows: 64, onBatch: () => {}, onFault: () => {} },
    monotonicMs: () => performance.now(),
    onResult: () => {},
    onDrop: () => {},
    onBesideFault: throwIt,
    policyShadow: { onResult: (result) => void results.push(result), onDrop: () => {}, onFault: throwIt }
  })
  onTestFinished(() => lineup.close())
  const under = lineup.under({ active: two, shadow: { loaded: strict, share: 1 } })
  expect(lineup.champion.answerContext.policyId).toBe(one.id)
  expect(under.champion.answerContext.policyId).toBe(two.id)
  const decided = made('d-1', { modelId: under.champion.answerContext.modelIds.credit })
  const vector = under.champion.toVector(VALUES)
  const verdict = under.champion.decideByPolicy({ ...decided, vector, scorecard: null })
  under.afterwards({ ...decided, verdict }, 1)
  await turns(2)
  expect(verdict.outcome).toBe('APPROVE')
  expect(results).toMatchObject([{ policyId: strict.id, verdict: { outcome: 'DECLINE' }, made: { verdict } }])

  const entry = createPolicyShadowEntry(FEATURES.names)(results[0] as PolicyShadowResult)
  const { limit, offers } = verdict
  expect(entry).toMatchObject({
    decided: 'APPROVE',
    shadow: 'DECLINE',
    product: 'cash',
    earlierLoans: 'none',
    currency: 'NGN'
  })
  expect(entry.decidedTerms).toMatchObject({ limitMinor: limit?.amountMinor, amountMinor: offers[0]?.amountMinor })
  expect(entry.shadowTerms).toEqual({ limitMinor: 0, amountMinor: 0, marginMinor: 0 })
})

test('a swap set counts both ways and sums what was granted, over the log in Redis', async () => {
  const redis = await connectRedis()
  const key = createKeys(uniquePrefix('policy-shadow')).policyShadow()
  const log = createShadowLog({ redis, key, onLost: throwIt })
  const nothing = { limitMinor: 0, amountMinor: 0, marginMinor: 0 }
  const granted = { limitMinor: 500, amountMinor: 300, marginMinor: 20 }
  const base = { policy: 'two@sha256:0', product: 'cash', earlierLoans: 'none', currency: 'NGN' }
  const kept = {
    ...base,
    decided: 'APPROVE',
    shadow: 'APPROVE',
    decidedTerms: granted,
    shadowTerms: { ...granted, marginMinor: 50 }
  }
  const lost = { ...base, decided: 'APPROVE', shadow: 'DECLINE', decidedTerms: granted, shadowTerms: nothing }
  const won = { ...base, decided: 'REFER', shadow: 'APPROVE', decidedTerms: nothing, shadowTerms: granted }
  const all = [kept, lost, won, { ...won, product: 'consumer', currency: 'CNY' }] as const
  all.forEach((entry, index) => {
    log.add({ ...entry, decisionId: `d-${index}` } as Parameters<typeof log.add>[0])
  })
  await log.close()
  await redis.xadd(key, '*', 's', '{"of":"another release"}')

  const swapSet = createPolicySwapSet()
  for await (const entry of readPolicyShadowLog(redis, key)) swapSet.add(entry)
  const { segments, terms } = swapSet.read()
  expect(segments.find(({ segment }) => segment === 'all')).toMatchObject({
    decisions: 4,
    swapIn: 2,
    swapOut: 1,
    approvalRate: { decided: 0.5, shadow: 0.75 }
  })
  expect(segments.find(({ segment }) => segment === 'product: consumer')).toMatchObject({ decisions: 1, swapIn: 1 })
  expect(terms).toEqual([
    {
      currency: 'NGN',
      decided: { limitMinor: 1000, amountMinor: 600, marginMinor: 40 },
      shadow: { limitMinor: 1000, amountMinor: 600, marginMinor: 70 }
    },
    { currency: 'CNY', decided: nothing, shadow: granted }
  ])
})
