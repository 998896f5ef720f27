import type { Redis } from 'ioredis'
import { type Checked, compileCheck } from '../domain/check.ts'
import { type PolicyShadowEntry, PolicyShadowEntrySchema } from './policy-swap-set.ts'
import { type ShadowEntry, ShadowEntrySchema } from './swap-set.ts'

/** Newest entries kept: enough for a month of 50,000 decisions a day, sampled by a tenth. */
const MAX_ENTRIES = 200_000
const WRITE_EVERY_MS = 200
/** Entries that wait to be written at most; what comes on top is lost, as a shadow may be. */
const MAX_WAITING = 2000
const PAGE = 1000

const checkModelEntry = compileCheck(ShadowEntrySchema)
const checkPolicyEntry = compileCheck(PolicyShadowEntrySchema)

export interface ShadowLogOptions {
  readonly redis: Redis
  readonly key: string
  readonly onLost: (entries: number) => void
}

/** Writes entries in batches, off the decision path: nobody waits for it, and what Redis does not take is lost. */
export function createShadowLog({ redis, key, onLost }: ShadowLogOptions) {
  let waiting: string[] = []

  const flush = async (): Promise<void> => {
    const entries = waiting
    waiting = []
    if (entries.length === 0) return
    try {
      const adds = redis.pipeline()
      for (const entry of entries) adds.xadd(key, 'MAXLEN', '~', MAX_ENTRIES, '*', 's', entry)
      const failed = (await adds.exec())?.filter(([error]) => error !== null).length ?? entries.length
      if (failed > 0) onLost(failed)
    } catch {
      onLost(entries.length)
    }
  }
  const timer = setInterval(() => void flush(), WRITE_EVERY_MS).unref()

  return {
    add: (entry: ShadowEntry | PolicyShadowEntry): void => {
      if (waiting.length >= MAX_WAITING) onLost(1)
      else waiting.push(JSON.stringify(entry))
    },
    flush,
    close: async (): Promise<void> => {
      clearInterval(timer)
      await flush()
    }
  }
}

/** What model shadows would have decided, oldest first. */
export const readShadowLog = (redis: Redis, key: string): AsyncGenerator<ShadowEntry> =>
  readEntries(redis, key, checkModelEntry)

/** What candidate policies would have decided, oldest first. */
export const readPolicyShadowLog = (redis: Redis, key: string): AsyncGenerator<PolicyShadowEntry> =>
  readEntries(redis, key, checkPolicyEntry)

/** Every entry that is kept, page by page; one that is of another release is left out. */
async function* readEntries<Entry>(
  redis: Redis,
  key: string,
  check: (value: unknown) => Checked<Entry>
): AsyncGenerator<Entry> {
  let from = '-'
  for (;;) {
    const page = await redis.xrange(key, from, '+', 'COUNT', PAGE)
    for (const [, [, text]] of page) {
      const checked = check(parse(text))
      if (checked.ok) yield checked.value
    }
    const last = page.at(-1)?.[0]
    if (last === undefined || page.length < PAGE) return
    from = `(${last}`
  }
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
