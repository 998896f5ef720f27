import type { Redis } from 'ioredis'
import { partitionOf, UUID_PATTERN } from '../domain/ids.ts'
import { type Keys, PARTITIONS } from '../redis/keys.ts'

/** A decision as it lies in the store. */
export interface KeptDecision {
  readonly tenant: string
  readonly decisionId: string
  /** The answer, a line feed, the record. */
  readonly value: Buffer
  /** sha256 of the value, in hex, as the ledger has it; undefined when the ledger does not know the decision. */
  readonly digest: string | undefined
}

export interface KeptDecisionSource {
  /** Undefined when it is not kept; without a tenant every partner’s are looked through. */
  readonly find: (decisionId: string, tenant: string | undefined) => Promise<KeptDecision | undefined>
  /** All that are kept, each once, in parts of at most PART. */
  readonly all: () => AsyncGenerator<KeptDecision[]>
}

/** As many as one batch of a scoring thread. */
export const PART = 64
const SCAN_KEYS = 500
const LEDGER_ENTRIES = 200
/** An id has the time at which deciding began; the entry has that of the commit, by the clock of Redis. */
const LEDGER_BEFORE_MS = 60_000
const LEDGER_AFTER_MS = 600_000

const DECISION_ID = new RegExp(UUID_PATTERN)

export function createKeptDecisionSource(redis: Redis, keys: Keys): KeptDecisionSource {
  const digestOf = async (decisionId: string): Promise<string | undefined> => {
    const ledger = keys.ledger(partitionOf(decisionId))
    const madeAtMs = Number.parseInt(decisionId.slice(0, 8) + decisionId.slice(9, 13), 16)
    let from = String(Math.max(0, madeAtMs - LEDGER_BEFORE_MS))
    for (;;) {
      const entries = await redis.xrange(ledger, from, String(madeAtMs + LEDGER_AFTER_MS), 'COUNT', LEDGER_ENTRIES)
      const entry = entries.find(([, fields]) => fieldOf(fields, 'i') === decisionId)
      if (entry !== undefined) return fieldOf(entry[1], 'h')
      if (entries.length < LEDGER_ENTRIES) return undefined
      from = `(${entries.at(-1)?.[0]}`
    }
  }

  const readKey = async (key: string): Promise<KeptDecision | undefined> => {
    const [tenant = '', decisionId = ''] = key.split(':').slice(-2)
    if (!DECISION_ID.test(decisionId) || partitionOf(decisionId) >= PARTITIONS) return undefined
    const [value, digest] = await Promise.all([redis.getBuffer(key), digestOf(decisionId)])
    return value === null ? undefined : { tenant, decisionId, value, digest }
  }

  async function* keysLike(pattern: string): AsyncGenerator<string[]> {
    let cursor = '0'
    do {
      const [next, names] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_KEYS)
      cursor = next
      if (names.length > 0) yield names
    } while (cursor !== '0')
  }

  return {
    find: async (decisionId, tenant) => {
      if (!DECISION_ID.test(decisionId) || partitionOf(decisionId) >= PARTITIONS) return undefined
      const partition = partitionOf(decisionId)
      if (tenant !== undefined) return readKey(keys.decision(partition, tenant, decisionId))
      for await (const [name = ''] of keysLike(keys.decision(partition, '*', decisionId))) return readKey(name)
      return undefined
    },
    all: async function* () {
      // SCAN may give a key twice; a hundred bytes a decision are what counting each once costs.
      const seen = new Set<string>()
      for await (const names of keysLike(keys.decisionsPattern())) {
        const fresh = names.filter((name) => !seen.has(name) && seen.add(name))
        for (let start = 0; start < fresh.length; start += PART) {
          const part = await Promise.all(fresh.slice(start, start + PART).map(readKey))
          yield part.filter((kept) => kept !== undefined)
        }
      }
    }
  }
}

function fieldOf(fields: readonly string[], name: string): string | undefined {
  const at = fields.indexOf(name)
  return at < 0 ? undefined : fields[at + 1]
}
