import { writeFileSync } from 'node:fs'
import { loadModel, modelFolder, readActiveModels, type VerifiedModel } from '../../src/inference/model.ts'
import { runProgram, untilInterrupted } from '../command-line.ts'
import { createProgress } from '../progress.ts'
import { createRandom } from '../random.ts'
import { goalsTable } from '../tables.ts'
import { measureDecisionCpu } from './score/decision-cpu.ts'
import { spreadRows } from './score/made-up.ts'
import { createMadeUpModel } from './score/made-up-model.ts'
import { measureScores } from './score/measure.ts'
import { parseScoreOptions, type ScoreBenchOptions, USAGE } from './score/options.ts'
import { checkScoreGoals, decisionLine, scoreJson, scoreTable } from './score/report.ts'

const MODELS = new URL('../../models/', import.meta.url)
const SEED = 1
const ROWS = 512
async function bench({ jsonFile, version }: ScoreBenchOptions): Promise<void> {
  const progress = createProgress(process.stderr)
  const signal = untilInterrupted()
  const tick = (text: string): void => {
    signal.throwIfAborted()
    progress.tick(text)
  }
  const served = version ?? (await readActiveModels(MODELS)).credit.champion
  const model = await loadModel(modelFolder(MODELS, 'credit', served))
  const print = (text: string): void => {
    progress.done()
    process.stdout.write(`${text}\n`)
  }
  const measure = async (each: VerifiedModel, name: string) => {
    const { trees, inputCount } = each.scorerData
    const rows = spreadRows(createRandom(SEED), trees, inputCount, ROWS)
    const measured = await measureScores(each, rows, (text) => tick(`${name}: ${text}`))
    print(scoreTable(name, measured))
    return measured
  }
  const rows = await measure(model, `credit ${served}, ${model.scorerData.trees.length} trees`)
  const madeUp = await measure(await createMadeUpModel(model, SEED), '100 made-up trees of depth 4')
  const decision = await measureDecisionCpu(progress, signal)
  print(decisionLine(decision))
  const measured = { rows, madeUp, decision }
  print(goalsTable(checkScoreGoals(measured)))
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(scoreJson(measured), null, 2)}\n`)
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseScoreOptions(args)
  if (options === 'help') process.stdout.write(USAGE)
  else await bench(options)
}

await runProgram('bench:score', USAGE, main)
