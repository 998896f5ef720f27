import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../../load-tests/random.ts'
import { compileCheck } from '../../src/domain/check.ts'
import { MIN_SAMPLE, measureStability } from '../../src/drift/psi.ts'
import { readReference } from '../../src/drift/reference.ts'
import { ManifestSchema } from '../../src/inference/manifest.ts'

const MODELS = new URL('../../models/', import.meta.url)
const FILES = globSync('*/*/manifest.json', { cwd: MODELS.pathname }).sort()
const check = compileCheck(ManifestSchema)

describe('the models that ship', () => {
  test.each(FILES)('%s can be measured against, and shows no drift for rows of its own training part', (file) => {
    const checked = check(JSON.parse(readFileSync(new URL(file, MODELS), 'utf8')))
    if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
    const { drift, inputs } = checked.value
    // A model of before drift was measured, such as credit 1.0.0.
    if (drift === undefined) return
    const random = createRandom(5)
    for (const { name, shares, rows } of readReference(
      drift,
      inputs.map((input) => input.name)
    )) {
      const counts = shares.map(() => 0)
      for (let row = 0; row < MIN_SAMPLE; row++) {
        let left = random()
        let bin = 0
        while (bin < shares.length - 1 && left >= (shares[bin] as number)) left -= shares[bin++] as number
        counts[bin] = (counts[bin] as number) + 1
      }
      const excess = measureStability(counts, shares, rows)?.excess ?? 0
      expect(Math.abs(excess), name).toBeLessThan(0.03)
    }
  })
})
