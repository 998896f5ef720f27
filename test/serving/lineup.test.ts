import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Made } from '../../src/decisions/serving.ts'
import type { Application } from '../../src/domain/application.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createQuality } from '../../src/features/quality.ts'
import { createFeatureSet } from '../../src/features/vector.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { loadRules } from '../../src/policy/load-rules.ts'
import { type LineupDeps, type OpenLineup, openLineup } from '../../src/serving/lineup.ts'
import { loadActiveSet } from '../../src/serving/models.ts'
import type { ShadowResult } from '../../src/serving/shadow.ts'
import { watchLineup } from '../../src/serving/watch.ts'
import { cashApplication } from '../support/cash-application.ts'
import { copyVersion, modelsFolder, setActive } from './folders.ts'

const FEATURES = createFeatureSet(CATALOGUE)
const LOADED = await loadPolicy(
  new URL('../../policies/baseline.json', import.meta.url),
  FEATURES.names,
  await loadRules()
)
const FRAUD = { champion: '1.0.0' }
const threadFile = (name: string) => new URL(`../fixtures/workers/${name}.ts`, import.meta.url).href

function depsOf(changes: Partial<LineupDeps> = {}): LineupDeps {
  return {
    featureSet: FEATURES,
    loaded: LOADED,
    quality: createQuality(CATALOGUE),
    pool: { threads: 1, maxBatchRows: 16, maxQueuedRows: 64, onBatch: () => {}, onFault: () => {} },
    monotonicMs: () => performance.now(),
    onResult: () => {},
    onDrop: () => {},
    policyShadow: { onResult: () => {}, onDrop: () => {}, onFault: throwIt },
    onBesideFault: (error) => {
      throw error
    },
    ...changes
  }
}

async function opened(folder: URL, changes: Partial<LineupDeps> = {}): Promise<OpenLineup> {
  const lineup = await openLineup(await loadActiveSet(folder, throwIt), depsOf(changes))
  onTestFinished(() => lineup.close())
  return lineup
}

const throwIt = (error: unknown) => {
  throw error
}
const person = (applicant: string) => cashApplication({ refs: { applicant } })
const VALUES = new Float64Array(FEATURES.names.length).fill(Number.NaN)

function made(decisionId: string): Made {
  const application = cashApplication({ facts: { birthYear: 1990 } })
  const verdict = { outcome: 'DECLINE' } as Made['verdict']
  const assessment = { kind: 'scored', pd: 0.5, contributions: null, fraud: { pd: 0.01, contributions: null } } as const
  return {
    application,
    decisionId,
    modelId: '',
    values: VALUES,
    historyTruncated: false,
    assessment,
    verdict,
    nowMs: 1.8e12,
    exposure: { owedMinor: 0 }
  }
}

describe('a line-up', () => {
  test('scores credit and fraud of the same person in one task, each model from its own inputs', async () => {
    const folder = await modelsFolder({ credit: { champion: '1.1.0' }, fraud: FRAUD })
    const { champion, models } = await opened(folder)
    const row = (index: number, model: typeof models.champion | undefined) => model?.golden.rows[index] ?? []
    const vector = Float32Array.from(
      [...row(3, models.champion), ...row(5, models.fraud)],
      (value) => value ?? Number.NaN
    )
    expect(await champion.scorer.score(vector, performance.now() + 5000)).toMatchObject({
      kind: 'scored',
      pd: models.champion.golden.pd[3],
      fraud: { pd: models.fraud?.golden.pd[5] }
    })
    expect(champion.answerContext.modelIds).toEqual({ credit: models.champion.id, fraud: models.fraud?.id })
  })

  test('is refused when the policy asks for a fraud model and none serves', async () => {
    const folder = await modelsFolder({ credit: { champion: '1.1.0' } })
    await expect(openLineup(await loadActiveSet(folder, throwIt), depsOf())).rejects.toMatchObject({
      code: 'policy_invalid'
    })
  })

  test('is refused when a folder holds another version than its name says', async () => {
    const folder = await modelsFolder({ credit: { champion: '9.9.9' }, fraud: FRAUD })
    await copyVersion(folder, '1.1.0', '9.9.9')
    const file = new URL('credit/9.9.9/manifest.json', folder)
    await writeFile(file, (await readFile(file, 'utf8')).replace('"version": "9.9.9"', '"version": "9.9.8"'))
    await expect(loadActiveSet(folder, throwIt)).rejects.toThrow(/9\.9\.9\/manifest\.json: it is of credit 9\.9\.8/)
  })

  test('gives the challenger its share of the applicants, and each of them always', async () => {
    const credit = { champion: '1.1.0', challenger: { version: '1.0.0', share: 0.2 } }
    const lineup = await opened(await modelsFolder({ credit, fraud: FRAUD }))
    const people = Array.from({ length: 5000 }, (_, index) => person(`person-${index}`))
    const challenged = people.map((each) => lineup.challengerOf(each) !== undefined)
    const share = challenged.filter(Boolean).length / people.length
    expect(share).toBeGreaterThan(0.17)
    expect(share).toBeLessThan(0.23)
    expect(people.map((each) => lineup.challengerOf(each) !== undefined)).toEqual(challenged)
    expect(lineup.challengerOf(people[challenged.indexOf(true)] as Application)?.answerContext.modelIds.credit).toMatch(
      /^1\.0\.0@/
    )
  })

  test('leaves out a challenger and a shadow that are broken, tells of both, and serves', async () => {
    const told: string[] = []
    const beside = { version: '1.0.0', share: 1 }
    const folder = await modelsFolder({
      credit: { champion: '1.1.0', challenger: beside, shadow: { ...beside, version: '8.0.0' } },
      fraud: FRAUD
    })
    const file = new URL('credit/1.0.0/trees.json', folder)
    await writeFile(file, `${await readFile(file, 'utf8')} `)
    const onBesideFault = (error: unknown) => void told.push(String(error))
    const lineup = await openLineup(await loadActiveSet(folder, onBesideFault), depsOf({ onBesideFault }))
    onTestFinished(() => lineup.close())
    expect(told).toMatchObject([expect.stringContaining('trees.json'), expect.stringContaining('8.0.0')])
    expect(lineup.challengerOf(person('anybody'))).toBeUndefined()
  })

  test('has its shadow decide again what was decided, and leaves it out while decisions wait', async () => {
    const results: ShadowResult[] = []
    const drops: string[] = []
    const credit = { champion: '1.1.0', shadow: { version: '1.0.0', share: 1 } }
    const lineup = await opened(await modelsFolder({ credit, fraud: FRAUD }), {
      onResult: (result) => void results.push(result),
      onDrop: (why) => void drops.push(why)
    })
    lineup.afterwards(made('d-1'), 1)
    lineup.afterwards(made('d-2'), 1000)
    lineup.afterwards({ ...made('d-3'), assessment: { kind: 'fault', code: 'SYS_OVERLOAD' } }, 1)
    await vi.waitFor(() => expect(results).toHaveLength(1), { timeout: 5000, interval: 5 })
    expect(drops).toEqual(['busy'])
    // Nothing is known of this person: 1.0.0 approves what was declined, which is what a swap set is made of.
    expect(results[0]).toMatchObject({ made: { decisionId: 'd-1' }, verdict: { outcome: 'APPROVE' } })
    expect(results[0]?.modelId).toMatch(/^1\.0\.0@/)
    const standing = { frozen: true, limitFactor: 1 }
    lineup.afterwards({ ...made('d-4'), exposure: { owedMinor: 0, standing } }, 1)
    await vi.waitFor(() => expect(results).toHaveLength(2), { timeout: 5000, interval: 5 })
    expect(results[1]?.verdict.outcome, 'it approves nobody whose limit is frozen').toBe('DECLINE')
  })

  test('counts what a hanging shadow leaves undone, and no call of it waits', async () => {
    const drops: string[] = []
    const folder = await modelsFolder({ credit: { champion: '1.1.0' }, fraud: FRAUD })
    const { champion } = await loadActiveSet(folder, throwIt)
    const { createShadow } = await import('../../src/serving/shadow.ts')
    const never = new Promise<never>(() => {})
    const serving = {
      model: champion,
      toVector: () => new Float32Array(1),
      scorer: { score: () => never }
    } as unknown as Parameters<typeof createShadow>[0]['serving']
    const onDrop = (why: string) => void drops.push(why)
    const shadow = createShadow({ serving, share: 1, monotonicMs: () => 0, onResult: () => {}, onDrop })
    for (let index = 0; index < 100; index++) shadow(made(`d-${index}`), 1)
    expect(drops).toEqual(Array(36).fill('busy'))
  })
})

describe('a watched line-up', () => {
  async function watched(active: object) {
    const folder = await modelsFolder(active)
    const faults: unknown[] = []
    const closed: OpenLineup[] = []
    const watch = await watchLineup({
      modelsFolder: folder,
      open: async () => {
        const lineup = await openLineup(await loadActiveSet(folder, throwIt), depsOf())
        return {
          ...lineup,
          close: async () => {
            closed.push(lineup)
            await lineup.close()
          }
        }
      },
      graceMs: 20,
      nowMs: () => performance.now(),
      onSwap: () => {},
      onFault: (error) => void faults.push(error)
    })
    onTestFinished(() => watch.close())
    const serves = () => watch.current().champion.answerContext.modelIds.credit.split('@')[0]
    return { folder, watch, faults, closed, serves }
  }

  test('changes when active.json does, and ends the one before after its grace', async () => {
    const { folder, faults, closed, serves } = await watched({ credit: { champion: '1.0.0' }, fraud: FRAUD })
    expect(serves()).toBe('1.0.0')
    await setActive(folder, { credit: { champion: '1.1.0' }, fraud: FRAUD })
    await vi.waitFor(() => expect(serves()).toBe('1.1.0'), { timeout: 5000, interval: 5 })
    await vi.waitFor(() => expect(closed).toHaveLength(1), { timeout: 5000, interval: 5 })
    expect(faults).toEqual([])
  })

  test.each<[string, object | string]>([
    ['is no JSON', '{ "credit": '],
    ['names a version that is not there', { credit: { champion: '7.0.0' }, fraud: FRAUD }],
    ['leaves out the fraud model that the policy asks for', { credit: { champion: '1.1.0' } }]
  ])('keeps the last good one when active.json %s', async (_what, active) => {
    const { folder, watch, faults, serves } = await watched({ credit: { champion: '1.0.0' }, fraud: FRAUD })
    await writeFile(new URL('active.json', folder), typeof active === 'string' ? active : JSON.stringify(active))
    await watch.look()
    await vi.waitFor(() => expect(faults.length).toBeGreaterThan(0), { timeout: 5000, interval: 5 })
    expect(serves()).toBe('1.0.0')
    await setActive(folder, { credit: { champion: '1.1.0' }, fraud: FRAUD })
    await vi.waitFor(() => expect(serves()).toBe('1.1.0'), { timeout: 5000, interval: 5 })
  })

  test('keeps the last good one when a bit of the next network is wrong', async () => {
    const { folder, watch, faults, serves } = await watched({ credit: { champion: '1.0.0' }, fraud: FRAUD })
    const file = new URL('credit/1.1.0/model.onnx', folder)
    const bytes = await readFile(file)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
    await writeFile(file, bytes)
    await setActive(folder, { credit: { champion: '1.1.0' }, fraud: FRAUD })
    await watch.look()
    await vi.waitFor(() => expect(faults.length).toBeGreaterThan(0), { timeout: 5000, interval: 5 })
    expect(String(faults[0])).toMatch(/model\.onnx: its sha256 is/)
    expect(serves()).toBe('1.0.0')
  })
})

test('a model whose threads score wrong never becomes part of a line-up', async () => {
  const folder = await modelsFolder({ credit: { champion: '1.1.0' }, fraud: FRAUD })
  const pool = { ...depsOf().pool, worker: threadFile('wrong-scores') }
  await expect(openLineup(await loadActiveSet(folder, throwIt), depsOf({ pool }))).rejects.toMatchObject({
    code: 'model_invalid'
  })
})
