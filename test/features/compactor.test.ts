import type { Redis } from 'ioredis'
import { beforeEach, expect, test } from 'vitest'
import type { AssayEvent } from '../../src/domain/event.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createCompactor } from '../../src/features/compactor.ts'
import { DAY_MS } from '../../src/features/definition.ts'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'
import { foldAs, tailOf } from './folding.ts'
import { longHistory } from './long-history.ts'

const events = longHistory({ count: 700, spanMs: DAY_MS, seed: 1, others: 3 })

let redis: Redis
let entity: string
beforeEach(async () => {
  redis = await connectRedis()
  await loadFunctions(redis)
  entity = createKeys(uniquePrefix('compactor')).entity('applicant', 'token')
})

test('an entity becomes the profile of its kind, and events that come too late are reported once', async () => {
  const reported: number[] = []
  const compactEntity = createCompactor(redis, { onSetAside: (_entity, count) => reported.push(count) })
  await redis.set(entity, tailOf(events))
  expect(await compactEntity(entity)).toBe('folded')
  const profile = foldAs(CATALOGUE, null, events).encode()
  expect(await redis.getBuffer(entity)).toEqual(profile)
  await redis.append(entity, tailOf([{ ...(events[0] as AssayEvent), eventId: 'late' }]))
  expect(await compactEntity(entity)).toBe('folded')
  expect(await redis.getBuffer(entity)).toEqual(profile)
  await compactEntity(entity)
  expect(reported).toEqual([1])
})

test('tiles of another catalogue stay as they are until they are adopted', async () => {
  const foreign = foldAs([], null, events).encode()
  await redis.set(entity, foreign)
  expect(await createCompactor(redis)(entity)).toBe('foreign')
  expect(await redis.getBuffer(entity)).toEqual(foreign)
  expect(await createCompactor(redis, { adoptForeign: true })(entity)).toBe('folded')
  expect(await createCompactor(redis)(entity)).toBe('folded')
})

test('bytes that are no profile stay as they are', async () => {
  await redis.set(entity, Buffer.from([9, 9, 9]))
  expect(await createCompactor(redis)(entity)).toBe('unreadable')
  expect(await redis.getBuffer(entity)).toEqual(Buffer.from([9, 9, 9]))
})

test('an entity that is gone was overtaken', async () => {
  expect(await createCompactor(redis)(entity)).toBe('overtaken')
})
