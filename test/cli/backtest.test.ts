import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { backtestCommand } from '../../src/cli/backtest.ts'
import { exportCommand } from '../../src/cli/export.ts'
import { importCommand } from '../../src/cli/import.ts'
import { rankMetrics } from '../../src/domain/model-metrics.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { activeModelFolder, loadModel, modelFolder } from '../../src/inference/model.ts'
import { MADE_UP, readLines, runCommand, SUPERLENDER, workFolder } from './run-command.ts'

const MODELS = new URL('../../models/', import.meta.url)
const BASELINE = fileURLToPath(new URL('../../policies/baseline.json', import.meta.url))

describe('assay backtest', () => {
  test('decides every application in order of time and sums up on one line', async () => {
    const folder = await imported(MADE_UP)
    const { lines, summary } = await backtest(folder)
    const applications = await readLines<Application>(join(folder, 'applications.ndjson'))
    expect(lines.map(({ applicationId, asOf }) => [applicationId, asOf])).toStrictEqual(
      applications.map(({ applicationId, asOf }) => [applicationId, asOf])
    )
    for (const { pd, score, band, decision, reasons, ...rest } of lines) {
      const outcome = expect.stringMatching(/^(good|bad)$/)
      expect(rest).toStrictEqual({ applicationId: expect.any(String), asOf: expect.any(Number), outcome })
      expect(Math.fround(pd), 'a float32, unrounded').toBe(pd)
      expect(['APPROVE', 'REFER', 'DECLINE']).toContain(decision)
      expect([score, band, reasons]).toStrictEqual([expect.any(Number), expect.any(String), expect.any(Array)])
      if (decision !== 'APPROVE') expect(reasons).not.toHaveLength(0)
    }
    const approved = lines.filter(({ decision }) => decision === 'APPROVE')
    const outcomeOf = new Map(applications.map(({ applicationId, outcome }) => [applicationId, outcome]))
    const bad = lines.map(({ applicationId }) => outcomeOf.get(applicationId) === 'bad')
    expect(summary).toMatchObject({
      n: 12,
      bads: 4,
      ...rankMetrics(
        lines.map(({ pd }) => pd),
        bad
      ),
      aucInterval: [expect.any(Number), expect.any(Number)],
      ksInterval: [expect.any(Number), expect.any(Number)],
      approvalRate: approved.length / 12,
      decisionsPerSecond: expect.any(Number)
    })
  })

  test('adds the features that export computes, by name, when asked for vectors', async () => {
    const folder = await imported(MADE_UP)
    const { lines } = await backtest(folder, '--vectors')
    await runCommand(exportCommand, ...inputsOf(folder), '--out', join(folder, 'table.csv'))
    const [, ...rows] = (await readFile(join(folder, 'table.csv'), 'utf8')).trimEnd().split('\n')
    lines.forEach(({ vector = {} }, index) => {
      const cells = (rows[index] ?? '').split(',').slice(3)
      expect(Object.keys(vector)).toStrictEqual(CATALOGUE.map(({ name }) => name))
      expect(Object.values(vector)).toStrictEqual(cells.map((cell) => (cell === '' ? null : Number(cell))))
    })
  })

  test('says the same with two threads, a second time and from shuffled files', async () => {
    const folder = await imported(MADE_UP)
    const { text } = await backtest(folder)
    expect((await backtest(folder, '--threads', '2')).text).toBe(text)
    for (const name of ['events.ndjson', 'applications.ndjson']) {
      const lines = (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n')
      await writeFile(join(folder, name), `${lines.reverse().join('\n')}\n`)
    }
    expect((await backtest(folder)).text).toBe(text)
  })

  test('tells no quality where no outcome is known', async () => {
    const folder = await imported(MADE_UP)
    const file = join(folder, 'applications.ndjson')
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/,"outcome":"\w+"/g, ''))
    const { summary } = await backtest(folder)
    const nothing = { auc: null, aucInterval: null, ks: null, ksInterval: null, badRateOfApproved: null }
    expect(summary).toMatchObject({ n: 12, bads: 0, outcomesKnown: 0, ...nothing, approvalRate: expect.any(Number) })
  })

  test('takes another policy and another model', async () => {
    const folder = await imported(MADE_UP)
    const { firstLoanBand, pricing, limits, ...policy } = JSON.parse(await readFile(BASELINE, 'utf8'))
    expect([firstLoanBand, pricing.length, limits.length]).toEqual(['B', 2, 2])
    const bands = [{ ...policy.bands[0], pdBelow: 0.001 }, policy.bands.at(-1)]
    await writeFile(join(folder, 'strict.json'), JSON.stringify({ ...policy, version: 'strict', bands }))
    const strict = await backtest(folder, '--policy', join(folder, 'strict.json'))
    expect(strict.summary).toMatchObject({ approvalRate: 0, policy: expect.stringContaining('strict@') })

    const model = join(folder, 'model')
    await mkdir(model)
    await cp(fileURLToPath(await activeModelFolder(MODELS, 'credit')), model, { recursive: true })
    expect((await backtest(folder, '--model', model)).text).toBe((await backtest(folder)).text)
    await writeFile(join(model, 'golden.json'), '{}')
    await expect(backtest(folder, '--model', model)).rejects.toThrow('golden.json')
  })

  test.each(['0', '1.5', 'many'])('refuses --threads %s', async (threads) => {
    await expect(backtest('/nowhere', '--threads', threads)).rejects.toThrow('--threads takes a whole number')
  })

  // Where the real loans are: the numbers of the card are those of the code that serves.
  test.skipIf(!existsSync(SUPERLENDER))(
    'finds the out-of-time AUC and KS of the model card on real loans',
    async () => {
      const folder = await imported(SUPERLENDER)
      // A later version ships fitted on all of the rows: only one that did not see the test part can be measured again.
      const model = modelFolder(MODELS, 'credit', '1.0.0')
      const { manifest } = await loadModel(model)
      const { trainBefore, metrics } = manifest.training as { trainBefore: string; metrics: CardMetrics }
      const file = join(folder, 'applications.ndjson')
      const outcomes = new Map((await readLines<Application>(file)).map((line) => [line.applicationId, line.outcome]))
      const { lines } = await backtest(folder, '--model', fileURLToPath(model))
      const tested = lines.filter(({ asOf }) => asOf >= Date.parse(trainBefore))
      const measured = rankMetrics(
        tested.map(({ pd }) => pd),
        tested.map(({ applicationId }) => outcomes.get(applicationId) === 'bad')
      )
      expect(tested).toHaveLength(metrics.test.rows)
      expect(measured?.auc).toBeCloseTo(metrics.test.auc, 3)
      expect(measured?.ks).toBeCloseTo(metrics.test.ks, 3)
    }
  )
})

interface CardMetrics {
  readonly test: { readonly rows: number; readonly auc: number; readonly ks: number }
}

interface Application {
  readonly applicationId: string
  readonly asOf: number
  readonly outcome: string
}

interface Line {
  readonly applicationId: string
  readonly asOf: number
  readonly pd: number
  readonly score: number
  readonly band: string
  readonly decision: string
  readonly reasons: string[]
  readonly vector?: Record<string, number | null>
}

async function imported(source: string): Promise<string> {
  const folder = await workFolder()
  await runCommand(importCommand, 'superlender', source, '--out', folder)
  return folder
}

function inputsOf(folder: string): string[] {
  return ['--events', join(folder, 'events.ndjson'), '--applications', join(folder, 'applications.ndjson')]
}

async function backtest(folder: string, ...options: string[]) {
  const out = join(folder, 'decisions.ndjson')
  const summary = await runCommand(backtestCommand, ...inputsOf(folder), '--out', out, ...options)
  return { summary, lines: await readLines<Line>(out), text: await readFile(out, 'utf8') }
}
