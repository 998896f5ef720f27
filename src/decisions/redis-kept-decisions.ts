import type { Redis } from 'ioredis'
import { type Keys, partitionOfText } from '../redis/keys.ts'

const SCAN_KEYS = 500
const READ_TOGETHER = 50

export interface KeptDecisions {
  readonly decisions: number
  /** When the last of them ends; null when there are none or one has no end. */
  readonly untilMs: number | null
}

/** The decisions of one applicant that are kept, by the applicant’s token: they lie in its partition. */
export async function findKeptDecisions(
  { redis, keys, nowMs }: { readonly redis: Redis; readonly keys: Keys; readonly nowMs: number },
  { tenant, token }: { readonly tenant: string; readonly token: string }
): Promise<KeptDecisions> {
  const pattern = keys.decisionPattern(partitionOfText(token), tenant)
  // SCAN may give a key twice.
  const found = new Set<string>()
  let longestMs = 0
  let cursor = '0'
  do {
    const [next, names] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_KEYS)
    cursor = next
    for (let start = 0; start < names.length; start += READ_TOGETHER) {
      const some = names.slice(start, start + READ_TOGETHER)
      const values = await redis.mget(...some)
      const theirs = some.filter((_, index) => values[index]?.includes(token))
      const ttls = await Promise.all(theirs.map((name) => redis.pttl(name)))
      for (const name of theirs) found.add(name)
      longestMs = ttls.reduce(
        (longest, ttl) => (ttl < 0 ? Number.POSITIVE_INFINITY : Math.max(longest, ttl)),
        longestMs
      )
    }
  } while (cursor !== '0')
  return { decisions: found.size, untilMs: found.size > 0 && Number.isFinite(longestMs) ? nowMs + longestMs : null }
}
