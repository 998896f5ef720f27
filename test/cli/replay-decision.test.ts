import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { replayDecisionCommand } from '../../src/cli/replay-decision.ts'
import { packDoubles, unpackDoubles } from '../../src/decisions/answer.ts'
import {
  applicationOf,
  borrower,
  createDecideCase,
  type DecidedCase,
  FEATURES,
  featuresOf,
  MODEL,
  MODELS
} from '../explanation/decided.ts'
import { altered, bytesOf, type Json, keep, shelf, withDoubles } from './kept-decisions.ts'
import { runOnRedis, workFolder } from './run-command.ts'

const POLICIES = fileURLToPath(new URL('../../policies/', import.meta.url))
const ASKED = applicationOf({ term: { count: 90, unit: 'day' } })
const declined = async () => (await createDecideCase())(ASKED, featuresOf(ASKED, borrower(20)))

async function verdictOf(value: Buffer, decided: DecidedCase, entered?: Buffer | null, ...options: string[]) {
  const at = await shelf()
  await keep(at, decided, value, entered)
  const { summary, exitCode } = await runOnRedis(replayDecisionCommand, at.env, decided.decisionId, ...options)
  expect(exitCode).toBe(summary.verdict === 'same' ? 0 : 1)
  expect(summary.decisionId).toBe(decided.decisionId)
  return summary
}

describe('assay replay-decision', () => {
  test('finds the same bits of approvals, referrals and declines', async () => {
    const decide = await createDecideCase()
    const outcomes: string[] = []
    for (const late of [-5, 3, 20]) {
      const decided = await decide(ASKED, featuresOf(ASKED, borrower(late)))
      outcomes.push(decided.answered.outcome)
      expect(await verdictOf(bytesOf(decided), decided)).toMatchObject({ verdict: 'same' })
    }
    expect(outcomes).toEqual(['APPROVE', 'REFER', 'DECLINE'])
  })

  test.each(['SYS_INFERENCE_TIMEOUT', 'SYS_INFERENCE_UNAVAILABLE', 'SYS_OVERLOAD', 'SYS_FEATURES_UNREADABLE'] as const)(
    'takes the fault %s from the trace',
    async (code) => {
      const decide = await createDecideCase()
      const features = featuresOf(ASKED, borrower(3))
      if (code === 'SYS_FEATURES_UNREADABLE') features.fill(Number.NaN)
      const decided = await decide(ASKED, features, { kind: 'fault', code })
      expect(await verdictOf(bytesOf(decided), decided)).toMatchObject({ verdict: 'same' })
    }
  )

  test('knows what there was no time for', async () => {
    const decide = await createDecideCase()
    for (const [rung, late] of [
      ['noShadow', 3],
      ['noReasons', -5],
      ['noReasons', 20]
    ] as const) {
      const decided = await decide(ASKED, featuresOf(ASKED, borrower(late)), undefined, {}, rung)
      expect(await verdictOf(bytesOf(decided), decided)).toMatchObject({ verdict: 'same' })
      if (late === 20) expect(decided.answered.outcome).toBe('REFER')
    }
  })

  test('knows how old and how exact features were, and what was missing of a history', async () => {
    const decide = await createDecideCase()
    const exact = new Uint8Array(FEATURES.names.length).fill(1)
    exact[FEATURES.names.indexOf('applicant.logins_24h')] = 0
    const newestAgeMs = new Float64Array(FEATURES.names.length).fill(86_400_123)
    const measured = { exact, newestAgeMs, truncated: ['device', 'applicant'] }
    const decided = await decide(ASKED, featuresOf(ASKED, borrower(-5)), undefined, measured)
    expect(JSON.parse(decided.answer)).toMatchObject({
      decision: 'REFER',
      reasons: [{ code: 'SYS_HISTORY_TRUNCATED' }]
    })
    expect(await verdictOf(bytesOf(decided), decided)).toMatchObject({ verdict: 'same' })
  })

  test('takes records without what later releases add, and with more than this one knows', async () => {
    const decided = await declined()
    const older = altered(decided, ({ record }) => {
      delete record.scorecardPd
      delete record.fraudPd
    })
    expect(await verdictOf(older, decided)).toMatchObject({ verdict: 'same' })
    const newer = altered(decided, ({ record }) => {
      record.thirdPd = 0.5
    })
    expect(await verdictOf(newer, decided)).toMatchObject({ verdict: 'same' })
  })

  test('finds a decision by its id alone, and says when none is kept', async () => {
    const decided = await declined()
    const at = await shelf()
    await keep(at, decided, bytesOf(decided))
    const run = (...args: string[]) => runOnRedis(replayDecisionCommand, at.env, ...args)
    expect((await run(decided.decisionId)).summary.verdict).toBe('same')
    expect((await run(decided.decisionId, '--tenant', 'alpha')).summary.verdict).toBe('same')
    await expect(run(decided.decisionId, '--tenant', 'beta')).rejects.toThrow('no such decision')
    await expect(run('01a20b2d-00fc-702f-86a5-41697f0410ca')).rejects.toThrow('no such decision')
    await expect(run('none')).rejects.toThrow('no such decision')
  })

  test.each([[[]], [['--all', 'id']], [['one', 'two']], [['id', '--tenant', 'A']]])('refuses %j', async (args) => {
    await expect(runOnRedis(replayDecisionCommand, {}, ...args)).rejects.toThrow(/name one decision|--tenant takes/)
  })
})

describe('blames the data', () => {
  test('when one bit of the answer or of the record is not what the ledger has the digest of', async () => {
    const decided = await declined()
    const value = bytesOf(decided)
    for (const at of [20, value.length - 20]) {
      const flipped = Buffer.from(value)
      flipped[at] = (flipped[at] as number) ^ 1
      expect(await verdictOf(flipped, decided, value)).toMatchObject({ verdict: 'data', at: '/ledger/h' })
    }
  })

  test('when the ledger does not know the decision', async () => {
    const decided = await declined()
    expect(await verdictOf(bytesOf(decided), decided, null)).toMatchObject({ verdict: 'data', at: '/ledger' })
  })

  test.each<[string, string, (decided: DecidedCase) => Buffer]>([
    ['is no JSON', '/record', ({ answer }) => Buffer.from(`${answer}\nCANARY`)],
    ['has no second line', '/record', ({ answer }) => Buffer.from(answer)],
    [
      'lacks its features',
      '/record/features',
      (decided) => altered(decided, ({ record }) => void delete record.features)
    ],
    [
      'has fewer features',
      '/record/features',
      (decided) =>
        altered(decided, ({ record }) => {
          record.features = packDoubles(unpackDoubles(record.features).subarray(1))
        })
    ],
    [
      'has fewer ages',
      '/record/quality/ages',
      (decided) =>
        altered(decided, ({ record }) => {
          record.quality.ages = 'AAAA'
        })
    ],
    [
      'names another feature set',
      '/answer/trace/featureSet',
      (decided) =>
        altered(decided, ({ answer }) => {
          answer.trace.featureSet = 'fs-000000000000'
        })
    ],
    [
      'is another partner’s',
      '/record/application/tenant',
      (decided) =>
        altered(decided, ({ record }) => {
          record.application.tenant = 'beta'
        })
    ]
  ])('when the record %s, whatever the ledger says', async (_what, at, plant) => {
    const decided = await declined()
    const verdict = await verdictOf(plant(decided), decided)
    expect(verdict).toMatchObject({ verdict: 'data', at })
    expect(JSON.stringify(verdict)).not.toContain('CANARY')
  })
})

describe('blames the model', () => {
  const folderOf = async (change: (folder: string) => Promise<void>) => {
    const folder = await workFolder()
    await cp(new URL('credit/1.0.0/', MODELS), join(folder, 'credit/1.0.0'), { recursive: true })
    await change(join(folder, 'credit/1.0.0'))
    return folder
  }

  test('when its version is not there', async () => {
    const decided = await declined()
    const verdict = await verdictOf(bytesOf(decided), decided, undefined, '--models', await workFolder())
    expect(verdict).toMatchObject({
      verdict: 'model',
      at: '/answer/trace/models/credit',
      why: expect.stringContaining(MODEL.id)
    })
  })

  test('when one bit of its file differs', async () => {
    const decided = await declined()
    const models = await folderOf(async (folder) => {
      const bytes = await readFile(join(folder, 'model.onnx'))
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
      await writeFile(join(folder, 'model.onnx'), bytes)
    })
    const verdict = await verdictOf(bytesOf(decided), decided, undefined, '--models', models)
    expect(verdict).toMatchObject({ verdict: 'model', at: '/answer/trace/models/credit' })
  })

  test('when the probability differs in its last bit', async () => {
    const decided = await declined()
    const value = altered(decided, ({ record }) => {
      const bits = new Uint32Array(Float32Array.of(record.pd).buffer)
      bits[0] = (bits[0] as number) ^ 1
      record.pd = new Float32Array(bits.buffer)[0]
    })
    expect(await verdictOf(value, decided)).toMatchObject({ verdict: 'model', at: '/record/pd' })
  })

  test('when it measures against another reference applicant under the same network', async () => {
    const decided = await declined()
    const models = await folderOf(async (folder) => {
      const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))
      for (const input of manifest.inputs) input.reference = null
      await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
    })
    const verdict = await verdictOf(bytesOf(decided), decided, undefined, '--models', models)
    expect(verdict).toMatchObject({ verdict: 'model', at: expect.stringMatching(/^\/record\/contributions\/\d+$/) })
  })
})

describe('blames the policy', () => {
  test('when the file has another content', async () => {
    const decided = await declined()
    const policies = await workFolder()
    await cp(POLICIES, policies, { recursive: true })
    const file = join(policies, 'baseline-1.json')
    await writeFile(file, (await readFile(file, 'utf8')).replace('"offerValidDays": 7', '"offerValidDays": 8'))
    const verdict = await verdictOf(bytesOf(decided), decided, undefined, '--policies', policies)
    expect(verdict).toMatchObject({ verdict: 'policy', at: '/answer/trace/policy' })
  })

  test('when it was decided under other rule packs', async () => {
    const decided = await declined()
    const value = altered(decided, ({ answer }) => {
      answer.trace = { ...answer.trace, rulePacks: ['cn-internet-microloan-2026.11.0@sha256:0123456789ab'] }
    })
    expect(await verdictOf(value, decided)).toMatchObject({ verdict: 'policy', at: '/answer/trace/rulePacks' })
  })
})

describe('blames the code', () => {
  test.each<[string, string, (parts: { answer: Json; record: Json }) => void]>([
    ['another reason', '/answer/reasons/0/code', ({ answer }) => (answer.reasons[0].code = 'R120')],
    ['another outcome', '/answer/decision', ({ answer }) => (answer.decision = 'REFER')],
    ['points that round otherwise', '/answer/score/points', ({ answer }) => answer.score.points++],
    [
      'a feature of the application that is computed otherwise',
      `/record/features/${FEATURES.names.indexOf('application.age_years')}`,
      ({ record }) => {
        record.features = withDoubles(record.features, (values) => {
          values[FEATURES.names.indexOf('application.age_years')] = 35
        })
      }
    ],
    [
      'contributions that add up and lie with other inputs',
      '/record/contributions/0',
      ({ record }) => {
        record.contributions = withDoubles(record.contributions, (values) => values.reverse())
      }
    ]
  ])('for %s, when all that it rests on is the same', async (_what, at, plant) => {
    const decided = await declined()
    expect(await verdictOf(altered(decided, plant), decided)).toMatchObject({ verdict: 'code', at })
  })

  test('for another order of the same members', async () => {
    const decided = await declined()
    const turned = altered(decided, ({ answer }) => {
      const { score } = answer
      answer.score = { points: score.points, pd: score.pd, band: score.band }
    })
    expect(await verdictOf(turned, decided)).toMatchObject({ verdict: 'code', at: '/answer' })
  })
})

describe('assay replay-decision --all', () => {
  test('counts every kept decision once by verdict and shows the first that differ', async () => {
    const decide = await createDecideCase()
    const at = await shelf()
    const plants: Record<string, number> = { same: 0, data: 0, code: 0 }
    for (let serial = 0; serial < 150; serial++) {
      const application = applicationOf({ applicationId: `app-${serial}`, amountMinor: 500_000 + serial * 20_000 })
      const decided = await decide(application, featuresOf(application, borrower((serial % 30) - 5)))
      const kind = serial % 10 === 3 ? 'data' : serial % 10 === 7 ? 'code' : 'same'
      plants[kind] = (plants[kind] as number) + 1
      const value = bytesOf(decided)
      if (kind === 'data') await keep(at, decided, value, Buffer.from('other'))
      else if (kind === 'same') await keep(at, decided, value)
      else
        await keep(
          at,
          decided,
          altered(decided, ({ answer }) => {
            answer.applicationId = 'another'
          })
        )
    }
    await at.redis.set(at.keys.application(3, 'alpha', 'app-1'), 'x', 'PX', 60_000)
    const { summary, exitCode, output } = await runOnRedis(
      replayDecisionCommand,
      at.env,
      '--all',
      '--rate',
      '0',
      '--show',
      '4'
    )
    expect(summary).toEqual({ decisions: 150, person: 0, model: 0, policy: 0, ...plants })
    expect(exitCode).toBe(1)
    const shown = output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Json)
    expect(shown).toHaveLength(4)
    for (const { verdict, at: pointer } of shown)
      expect([verdict, pointer]).toEqual(verdict === 'data' ? ['data', '/ledger/h'] : ['code', '/answer/applicationId'])
  })

  test('ends well when all are the same, and when there are none', async () => {
    const at = await shelf()
    const run = () => runOnRedis(replayDecisionCommand, at.env, '--all')
    expect(await run()).toMatchObject({ exitCode: 0, summary: { decisions: 0 } })
    const decided = await declined()
    await keep(at, decided, bytesOf(decided))
    expect(await run()).toMatchObject({ exitCode: 0, summary: { decisions: 1, same: 1 } })
  })

  test('holds to its rate', async () => {
    const at = await shelf()
    const decide = await createDecideCase()
    for (let serial = 0; serial < 3; serial++) {
      const decided = await decide(ASKED, featuresOf(ASKED, borrower(serial)))
      await keep(at, decided, bytesOf(decided))
    }
    const startedAtMs = performance.now()
    await runOnRedis(replayDecisionCommand, at.env, '--all', '--rate', '10')
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(295)
  })
})
