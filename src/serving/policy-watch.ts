import { readFile, stat } from 'node:fs/promises'
import { type ActivePolicies, activeFileOf, parseActivePolicies, policyFileOf } from './active-policy.ts'

/** How often the files are looked at: a change decides well within a second. */
const LOOK_MS = 200
/** A change that was refused is tried again this much later, and counts again: an alert must not end while it lasts. */
const RETRY_MS = 5000

export interface PolicyWatchOptions {
  readonly folder: URL
  /** What decides when nothing can be loaded: proven and told before. */
  readonly first: ActivePolicies
  /** Loads and checks what active.json names; throws when anything is wrong with it. */
  readonly load: () => Promise<ActivePolicies>
  /** Puts them in force between two decisions; throws when they do not fit the models that serve. */
  readonly onSwap: (policies: ActivePolicies) => void
  /** The last good policy keeps deciding. */
  readonly onFault: (error: unknown) => void
  readonly nowMs: () => number
}

export interface PolicyWatch {
  readonly current: () => ActivePolicies
  /** Looks now, instead of at the next look. */
  readonly look: () => Promise<void>
  readonly close: () => Promise<void>
}

/**
 * Keeps the policies that policies/active.json names. Another one is read, checked and compiled beside the one that
 * decides and takes its place between two decisions; scoring threads go on as they are. A change of a file that is named
 * counts as one of active.json.
 */
export function watchPolicies({ folder, first, load, onSwap, onFault, nowMs }: PolicyWatchOptions): PolicyWatch {
  let current = first
  // What is there at the start may be what could not be loaded: the first look tells.
  let seen = ''
  let failed = { stamp: '', atMs: Number.NEGATIVE_INFINITY }
  let looking: Promise<void> | undefined
  let isClosed = false

  const swap = async (): Promise<void> => {
    const stamp = await stampOf(folder)
    if (stamp === seen || (stamp === failed.stamp && nowMs() < failed.atMs + RETRY_MS)) return
    try {
      const next = await load()
      if (isClosed) return
      if (idsOf(next) !== idsOf(current)) {
        onSwap(next)
        current = next
      }
    } catch (error) {
      failed = { stamp, atMs: nowMs() }
      throw error
    }
    // What was loaded may be later than the stamp: then the next look finds another one and loads again.
    seen = stamp
  }

  const look = (): Promise<void> => {
    looking ??= swap()
      .catch(onFault)
      .finally(() => {
        looking = undefined
      })
    return looking
  }
  const timer = setInterval(() => void look(), LOOK_MS).unref()

  return {
    current: () => current,
    look,
    close: async () => {
      isClosed = true
      clearInterval(timer)
      await looking
    }
  }
}

function idsOf({ active, shadow }: ActivePolicies): string {
  return JSON.stringify([active.id, shadow?.loaded.id, shadow?.share])
}

/** Changes whenever active.json or a file that it names does. */
async function stampOf(folder: URL): Promise<string> {
  const text = await readFile(activeFileOf(folder), 'utf8').catch(() => '')
  const stamps = await Promise.all(namesIn(folder, text).map((name) => stampOfFile(policyFileOf(folder, name))))
  return [text, ...stamps].join('\n')
}

function namesIn(folder: URL, text: string): string[] {
  try {
    const { active, shadow } = parseActivePolicies(folder, text)
    return [active.policy, ...(shadow === undefined ? [] : [shadow.policy])]
  } catch {
    return []
  }
}

async function stampOfFile(file: URL): Promise<string> {
  try {
    const { mtimeNs, ctimeNs, size, ino } = await stat(file, { bigint: true })
    return `${mtimeNs} ${ctimeNs} ${size} ${ino}`
  } catch {
    return 'absent'
  }
}
