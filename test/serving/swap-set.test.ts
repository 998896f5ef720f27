import { expect, test } from 'vitest'
import { parseCommandLine } from '../../src/cli/command.ts'
import { modelsCommand } from '../../src/cli/models.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { createShadowLog, readShadowLog } from '../../src/serving/redis-shadow-log.ts'
import type { ShadowResult } from '../../src/serving/shadow.ts'
import { createShadowEntry, createSwapSet, type ShadowEntry } from '../../src/serving/swap-set.ts'
import { connectRedis, sharedRedisUrl, uniquePrefix } from '../support/redis.ts'

const entry = (changes: Partial<ShadowEntry> = {}): ShadowEntry => ({
  decisionId: 'd-1',
  model: '1.2.0@sha256:0123456789ab',
  decided: 'APPROVE',
  shadow: 'APPROVE',
  pd: 0.1,
  shadowPd: 0.2,
  product: 'cash',
  earlierLoans: 'none',
  ...changes
})

test('a swap set counts who changes sides, over all and by segment', () => {
  const { add, read } = createSwapSet()
  add(entry())
  add(entry({ shadow: 'DECLINE' }))
  add(entry({ decided: 'DECLINE', earlierLoans: '1 to 3' }))
  add(entry({ decided: 'DECLINE', shadow: 'REFER', product: 'consumer' }))
  const segments = Object.fromEntries(read().map((each) => [each.segment, each]))
  expect(segments.all).toMatchObject({ decisions: 4, swapIn: 1, swapOut: 1 })
  expect(segments['product: cash']).toMatchObject({ decisions: 3, swapIn: 1, swapOut: 1 })
  expect(segments['product: consumer']).toMatchObject({ decisions: 1, swapIn: 0, swapOut: 0 })
  expect(segments['earlier loans: 1 to 3']?.cells).toEqual([{ decided: 'DECLINE', shadow: 'APPROVE', count: 1 }])
})

test.each([
  [Number.NaN, 'none'],
  [0, 'none'],
  [1, '1 to 3'],
  [3, '1 to 3'],
  [4, '4 and more']
])('an applicant with %d earlier loans is in the segment %s', (loans, segment) => {
  const result = {
    made: {
      decisionId: 'd',
      application: { product: 'cash' },
      values: Float64Array.of(loans),
      assessment: { kind: 'fault', code: 'SYS_OVERLOAD' },
      verdict: { outcome: 'REFER' }
    },
    modelId: '1.2.0@sha256:0',
    pd: 0.3,
    verdict: { outcome: 'DECLINE' }
  } as unknown as ShadowResult
  expect(createShadowEntry(['applicant.loans_lifetime'])(result)).toMatchObject({
    earlierLoans: segment,
    pd: null,
    decided: 'REFER',
    shadow: 'DECLINE'
  })
})

test('what a shadow would have decided is kept, read back page by page, and counted by the command for a version', async () => {
  const redis = await connectRedis()
  const prefix = uniquePrefix('shadow')
  const key = createKeys(prefix).shadow()
  const log = createShadowLog({ redis, key, onLost: () => {} })
  for (let index = 0; index < 1500; index++) log.add(entry({ decisionId: `d-${index}` }))
  log.add(entry({ model: '1.3.0@sha256:0', shadow: 'DECLINE' }))
  await log.close()
  await redis.xadd(key, '*', 's', 'not ours')
  const ids = new Set<string>()
  for await (const { decisionId } of readShadowLog(redis, key)) ids.add(decisionId)
  expect(ids.size).toBe(1500)

  const lines: string[] = []
  await modelsCommand.run({
    ...parseCommandLine(modelsCommand, ['swap-set', '1.3.0', '--json']),
    env: { REDIS_URL: sharedRedisUrl(), REDIS_PREFIX: prefix },
    print: (line) => void lines.push(line),
    progress: () => {}
  })
  expect(JSON.parse(lines[0] as string)[0]).toMatchObject({ segment: 'all', decisions: 1, swapOut: 1 })
})

test('a log that Redis does not take loses its entries, counts them and waits for nobody', async () => {
  const redis = await connectRedis()
  const key = createKeys(uniquePrefix('shadow')).shadow()
  await redis.set(key, 'of another type')
  const lost: number[] = []
  const log = createShadowLog({ redis, key, onLost: (entries) => void lost.push(entries) })
  for (let index = 0; index < 2003; index++) log.add(entry())
  expect(lost).toEqual([1, 1, 1])
  await log.close()
  expect(lost.at(-1)).toBe(2000)
})
