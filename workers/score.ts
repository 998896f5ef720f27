import { threadId, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { createAttribution } from '../src/inference/attribution.ts'
import { scorePlaces } from '../src/inference/batch-memory.ts'
import type { ModelData, ModelReply, Score, ScorerData } from '../src/inference/protocol.ts'

const { fraud, memory, ...model } = workerData as ScorerData
const scoreModel = await createScoring(model)
const scoreFraud = fraud && (await createScoring(fraud))
const columns = model.inputCount + (fraud?.inputCount ?? 0)

/** Scores the rows of one batch; explains those at or above the task’s probability. Throws what the runtime throws. */
const scoreBatch: Score = async ({ rows, count, explainFromPd, explainFraudFromPd = Number.POSITIVE_INFINITY }) => {
  const startedAtMs = performance.now()
  const reply = await scoreModel(columnsOf(rows, count, 0, model.inputCount), count, explainFromPd)
  const suspicion =
    scoreFraud && (await scoreFraud(columnsOf(rows, count, model.inputCount, columns), count, explainFraudFromPd))
  return { ...reply, fraud: suspicion, inferMicros: (performance.now() - startedAtMs) * 1000, threadId }
}

export const score = scorePlaces(memory, scoreBatch)

type ScoreRows = (rows: Float32Array, count: number, explainFromPd: number) => Promise<ModelReply>

async function createScoring({ modelBytes, inputCount, trees, reference }: ModelData): Promise<ScoreRows> {
  // One thread an operator: the default pool spins a whole core while idle (performance reference, section 3).
  const session = await InferenceSession.create(modelBytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all'
  })
  const attribute = createAttribution(trees, reference, inputCount)
  return async (rows, count, explainFromPd) => {
    const { pd: output } = await session.run({ features: new Tensor('float32', rows, [count, inputCount]) }, ['pd'])
    if (output === undefined) throw new Error('the network has no output pd')
    const pd = (output.data as Float32Array).slice()
    // Most batches explain nobody: what is not made need not be copied to the other thread.
    if (!pd.some((value) => value >= explainFromPd)) return { pd, contributions: null }
    const contributions = new Float64Array(count * inputCount)
    for (let index = 0; index < count; index++) {
      const into = contributions.subarray(index * inputCount, (index + 1) * inputCount)
      if ((pd[index] as number) >= explainFromPd)
        attribute(rows.subarray(index * inputCount, (index + 1) * inputCount), into)
      else into[0] = Number.NaN
    }
    return { pd, contributions }
  }
}

/** The inputs of one model out of rows that hold those of all. */
function columnsOf(rows: Float32Array, count: number, from: number, to: number): Float32Array {
  if (to - from === columns) return rows
  const width = to - from
  const picked = new Float32Array(count * width)
  for (let row = 0; row < count; row++) {
    const start = row * columns
    picked.set(rows.subarray(start + from, start + to), row * width)
  }
  return picked
}
