import type { Redis } from 'ioredis'
import { bury, refile } from '../redis/functions.ts'
import type { Keys } from '../redis/keys.ts'
import { type Letter, parseLetter } from './letter.ts'

/** The consumer group of the inbox. It has one: an entry is deleted once this group has handled it. */
export const INBOX_GROUP = 'inbox'
/** About 100 MB. Above it the oldest go, and are counted: a flood of letters must not fill the Redis that decides. */
export const MAX_LETTERS = 100_000
const PAGE = 200

/** A letter and its id; `letter` is undefined when what is stored is none. */
export interface StoredLetter {
  readonly id: string
  readonly letter: Letter | undefined
}

export interface DeadLetters {
  /**
   * Takes an entry out of the inbox and keeps its letter, both or neither.
   *
   * @returns whether it was still there, and how many of the oldest letters went for it
   */
  readonly bury: (letter: Letter) => Promise<{ readonly buried: boolean; readonly evicted: number }>
  /** All that are there now, oldest first. */
  readonly all: () => AsyncGenerator<StoredLetter>
  readonly find: (id: string) => Promise<StoredLetter | undefined>
  /** Replaces a letter: the id of the new one, or undefined when the old one was no longer there. */
  readonly replace: (id: string, letter: Letter) => Promise<string | undefined>
  /** False when it was not there. */
  readonly remove: (id: string) => Promise<boolean>
  readonly count: () => Promise<number>
}

/** Dead letters on Redis (redis/lua/40-inbox.lua). */
export function createDeadLetters(redis: Redis, keys: Keys, maxLetters = MAX_LETTERS): DeadLetters {
  const stream = keys.deadLetters()
  return {
    bury: (letter) => {
      const args = [INBOX_GROUP, letter.inboxId, JSON.stringify(letter), maxLetters]
      return bury(redis, [keys.inbox(), stream], args)
    },
    all: async function* () {
      const [newest] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1)
      if (newest === undefined) return
      let from = '-'
      while (true) {
        const page = await redis.xrange(stream, from, newest[0], 'COUNT', PAGE)
        yield* page.map(toStored)
        const last = page.at(-1)
        if (last === undefined || page.length < PAGE) return
        from = `(${last[0]}`
      }
    },
    find: async (id) => (await redis.xrange(stream, id, id)).map(toStored)[0],
    replace: (id, letter) => refile(redis, stream, id, JSON.stringify(letter)),
    remove: async (id) => (await redis.xdel(stream, id)) === 1,
    count: () => redis.xlen(stream)
  }
}

function toStored([id, fields]: [id: string, fields: string[]]): StoredLetter {
  return { id, letter: fields[0] === 'l' ? parseLetter(fields[1] ?? '') : undefined }
}
