import { Tensor } from 'onnxruntime-node'
import { treeMargin } from '../../../src/inference/attribution.ts'
import type { VerifiedModel } from '../../../src/inference/model.ts'
import { createRandom } from '../../random.ts'
import { madeUpTrees, spreadRows } from './made-up.ts'
import { openSession } from './measure.ts'
import { toOnnx } from './onnx.ts'

const SIZE = { trees: 100, depth: 4, inputCount: 40 }
const GOLDEN_ROWS = 64

/**
 * A hundred full trees of depth four over forty inputs: the size that the project’s goals speak of. The rest of `like` stays.
 * The network is proven to be the trees to the bit before anything is measured.
 */
export async function createMadeUpModel(like: VerifiedModel, seed: number): Promise<VerifiedModel> {
  const random = createRandom(seed)
  const { inputCount } = SIZE
  const trees = madeUpTrees(random, SIZE)
  const modelBytes = toOnnx(trees, inputCount)
  const rows = spreadRows(random, trees, inputCount, GOLDEN_ROWS)
  const session = await openSession(modelBytes)
  const packed = Float32Array.from(rows.flatMap((row) => [...row]))
  const features = new Tensor('float32', packed, [rows.length, inputCount])
  const { pd, margin } = await session.run({ features }, ['pd', 'margin'])
  const margins = Array.from(margin?.data as Float32Array)
  const wrong = margins.findIndex((value, index) => value !== treeMargin(trees, rows[index] as Float32Array))
  if (wrong >= 0) throw new Error(`network and trees of the made-up model differ on row ${wrong}`)
  await session.release()
  return {
    ...like,
    scorerData: {
      ...like.scorerData,
      modelBytes,
      inputCount,
      trees,
      reference: new Float32Array(inputCount).fill(0.5)
    },
    golden: {
      rows: rows.map((row) => Array.from(row, (value) => (Number.isNaN(value) ? null : value))),
      pd: Array.from(pd?.data as Float32Array)
    }
  }
}
