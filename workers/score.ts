import { threadId, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { createAttribution } from '../src/inference/attribution.ts'
import type { Score, ScoreReply, ScorerData } from '../src/inference/protocol.ts'

const { modelBytes, inputCount, trees, reference } = workerData as ScorerData

// One thread an operator: the default pool spins a whole core while idle (performance reference, section 3).
const session = await InferenceSession.create(modelBytes, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all'
})
const attribute = createAttribution(trees, reference, inputCount)

/** Scores the rows of one batch; explains those at or above the task’s probability. Throws what the runtime throws. */
export const score: Score = async ({ rows, count, explainFromPd }) => {
  const startedAt = process.hrtime.bigint()
  const { pd: output } = await session.run({ features: new Tensor('float32', rows, [count, inputCount]) }, ['pd'])
  const pd = Float32Array.from(output?.data as Float32Array)
  const contributions = new Float64Array(count * inputCount)
  for (let index = 0; index < count; index++) {
    const into = contributions.subarray(index * inputCount, (index + 1) * inputCount)
    if ((pd[index] as number) >= explainFromPd)
      attribute(rows.subarray(index * inputCount, (index + 1) * inputCount), into)
    else into[0] = Number.NaN
  }
  const inferMicros = Number(process.hrtime.bigint() - startedAt) / 1000
  const reply: ScoreReply = { pd, contributions, inferMicros, threadId }
  return reply
}
