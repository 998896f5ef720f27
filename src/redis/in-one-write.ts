import type { ChainableCommander, Redis } from 'ioredis'

/**
 * Sends commands together: alone, each costs a system call of its own, which takes longer than the command. They are no transaction.
 *
 * @returns their replies, in order
 * @throws the first error among them, once all are answered
 */
export async function inOneWrite<Reply>(redis: Redis, add: (pipeline: ChainableCommander) => void): Promise<Reply[]> {
  const pipeline = redis.pipeline()
  add(pipeline)
  if (pipeline.length === 0) return []
  const replies = (await pipeline.exec()) ?? []
  return replies.map(([error, reply]) => {
    if (error !== null) throw error
    return reply as Reply
  })
}
