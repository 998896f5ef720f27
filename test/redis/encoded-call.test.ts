import fc from 'fast-check'
import { Command } from 'ioredis'
import { expect, test } from 'vitest'
import { encodeCall, sendEncoded } from '../../src/redis/encoded-call.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'

const ascii = fc.string({ unit: fc.integer({ min: 0, max: 127 }).map((code) => String.fromCharCode(code)) })
const bytes = fc.uint8Array().map((array) => Buffer.from(array))
const argument = fc.oneof(ascii, bytes, fc.maxSafeInteger())

test('a call has the bytes that ioredis gives it, whatever the arguments', () => {
  fc.assert(
    fc.property(fc.array(argument), fc.array(argument), (keys, args) => {
      const theirs = new Command('FCALL', [...keys, ...args]).toWritable({}) as Buffer | string
      expect(encodeCall(['FCALL'], keys, args).equals(Buffer.from(theirs as string))).toBe(true)
    })
  )
})

test('calls of one turn are answered each in its place', async () => {
  const redis = await connectRedis()
  const key = `${uniquePrefix('call')}:key`
  const binary = Buffer.from([0, 13, 10, 255])
  const send = (...args: (string | Buffer)[]) => sendEncoded(redis, String(args[0]).toLowerCase(), encodeCall(args))
  const replies = await Promise.all([
    send('SET', key, binary),
    send('APPEND', key, 'x'),
    redis.strlen(key),
    send('GET', key)
  ])
  expect(replies.slice(1)).toEqual([5, 5, Buffer.concat([binary, Buffer.from('x')])])
  await expect(send('INCR', key)).rejects.toThrow(/not an integer/)
})
