import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBatchMemory, runThrough, scorePlaces } from '../../src/inference/batch-memory.ts'
import type { Score, ScoreTask } from '../../src/inference/protocol.ts'

const COLUMNS = 3
const MAX_ROWS = 5
const memoryOf = (places: number) => createBatchMemory({ maxRows: MAX_ROWS, columns: COLUMNS }, places)

/** A made-up score of the whole task, so that whatever is lost or mixed up on the way shows. */
const scoreOf =
  (hasFraud: boolean): Score =>
  async ({ rows, count, explainFromPd, explainFraudFromPd = Number.POSITIVE_INFINITY }) => {
    const sums = Float32Array.from({ length: count }, (_, row) =>
      rows.subarray(row * COLUMNS, (row + 1) * COLUMNS).reduce((sum, value) => sum + value, rows.length)
    )
    const explained = (from: number) => (sums.some((sum) => sum >= from) ? Float64Array.from(rows) : null)
    return {
      pd: sums,
      contributions: explained(explainFromPd),
      fraud: hasFraud ? { pd: sums.map((sum) => -sum), contributions: explained(explainFraudFromPd) } : undefined,
      inferMicros: 12.25,
      threadId: 7
    }
  }

const aNumber = fc.oneof(fc.double(), fc.constantFrom(0.05, Number.NaN, Number.POSITIVE_INFINITY))
const aTask: fc.Arbitrary<ScoreTask> = fc
  .record({
    values: fc.array(fc.float(), { minLength: COLUMNS * MAX_ROWS, maxLength: COLUMNS * MAX_ROWS }),
    count: fc.integer({ min: 1, max: MAX_ROWS }),
    explainFromPd: aNumber,
    explainFraudFromPd: fc.option(aNumber, { nil: undefined })
  })
  .map(({ values, count, ...from }) => ({ rows: Float32Array.from(values.slice(0, count * COLUMNS)), count, ...from }))

test('batches that are in their places at once come back as if they had been scored here', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aTask, { minLength: 1, maxLength: 4 }), fc.boolean(), async (tasks, hasFraud) => {
      const memory = memoryOf(4)
      const score = scoreOf(hasFraud)
      const inThread = scorePlaces(memory, score)
      const run = runThrough(memory, (place) =>
        new Promise((resolve) => setImmediate(resolve)).then(() => inThread(place))
      )
      expect(await Promise.all(tasks.map(run))).toEqual(await Promise.all(tasks.map(score)))
    })
  )
})

test('a thread is given rows of its own, which the next batch in the same place does not change', async () => {
  const memory = memoryOf(1)
  const seen: Float32Array[] = []
  const inThread = scorePlaces(memory, (task) => {
    seen.push(task.rows)
    return scoreOf(false)(task)
  })
  const run = runThrough(memory, inThread)
  for (const value of [1, 2]) {
    await run({ rows: Float32Array.of(value, 0, 0), count: 1, explainFromPd: 1 })
  }
  expect(seen).toEqual([Float32Array.of(1, 0, 0), Float32Array.of(2, 0, 0)])
})

test('the place of a task that failed is free again, that of one which hangs is not', async () => {
  const memory = memoryOf(2)
  const posted: number[] = []
  const ends: ((error: Error) => void)[] = []
  const run = runThrough(memory, (place) => {
    posted.push(place)
    return new Promise((_resolve, reject) => ends.push(reject))
  })
  const task = { rows: new Float32Array(COLUMNS), count: 1, explainFromPd: 1 }
  const [hanging, failing] = [run(task), run(task)]
  await expect(run(task)).rejects.toThrow('every place of a batch is taken')
  ends[1]?.(new Error('the thread died'))
  await expect(failing).rejects.toThrow('the thread died')
  const next = run(task)
  expect(posted).toEqual([1, 0, 0])
  for (const end of ends) end(new Error('over'))
  await expect(hanging).rejects.toThrow('over')
  await expect(next).rejects.toThrow('over')
})
