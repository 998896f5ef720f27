import type { Redis } from 'ioredis'

/** Every key below a prefix with all that it holds, as text: to see what grew, or to look for what must not be there. */
export async function readStored(redis: Redis, prefix: string): Promise<Map<string, string>> {
  const stored = new Map<string, string>()
  for (const pattern of [`${prefix}*`, `{${prefix}*`]) {
    let cursor = '0'
    do {
      const [next, names] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 5000)
      cursor = next
      for (const name of names) stored.set(name, await readValue(redis, name))
    } while (cursor !== '0')
  }
  return new Map([...stored].sort(([left], [right]) => (left < right ? -1 : 1)))
}

async function readValue(redis: Redis, name: string): Promise<string> {
  switch (await redis.type(name)) {
    case 'string':
      return (await redis.getBuffer(name))?.toString('latin1') ?? ''
    case 'stream':
      return JSON.stringify(await redis.xrange(name, '-', '+'))
    case 'hash':
      return JSON.stringify(await redis.hgetall(name))
    case 'list':
      return JSON.stringify(await redis.lrange(name, 0, -1))
    case 'set':
      return JSON.stringify(await redis.smembers(name))
    case 'zset':
      return JSON.stringify(await redis.zrange(name, '0', '-1'))
    default:
      return ''
  }
}

/** Entries of the streams whose name ends so, over all partitions. */
export function entriesOf(stored: ReadonlyMap<string, string>, ending: string): [id: string, fields: string[]][] {
  return [...stored].flatMap(([name, value]) => (name.endsWith(`:${ending}`) ? JSON.parse(value) : []))
}

/** Names of the keys of one kind: `decision`, `application`, `entity`. */
export function keysOf(stored: ReadonlyMap<string, string>, kind: string): string[] {
  return [...stored.keys()].filter((name) => name.includes(`}:${kind}:`))
}
