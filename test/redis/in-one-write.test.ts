import { expect, test } from 'vitest'
import { inOneWrite } from '../../src/redis/in-one-write.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'

test('commands are answered in order, an error of one is thrown when all are done, and none is no command', async () => {
  const redis = await connectRedis()
  const key = uniquePrefix('write')
  const replies = await inOneWrite<number>(redis, (pipeline) => {
    pipeline.incr(key)
    pipeline.incrby(key, 5)
  })
  expect(replies).toEqual([1, 6])
  const failing = inOneWrite(redis, (pipeline) => {
    pipeline.lpush(key, 'x')
    pipeline.incr(key)
  })
  await expect(failing).rejects.toThrow('WRONGTYPE')
  expect(await redis.get(key)).toBe('7')
  expect(await inOneWrite(redis, () => {})).toEqual([])
})

test('what cannot be sent is thrown', async () => {
  const redis = await connectRedis()
  redis.disconnect()
  await expect(inOneWrite(redis, (pipeline) => void pipeline.get('x'))).rejects.toThrow()
})
