import { readFile } from 'node:fs/promises'
import { type ActivePolicies, activeFileOf, parseActivePolicies, policyFileOf } from './active-policy.ts'
import { stampOfFile } from './file-stamp.ts'
import { type Following, follow } from './follow.ts'
import { stampOfRules } from './rules-in-force.ts'

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

export interface PolicyWatch extends Following {
  readonly current: () => ActivePolicies
}

/**
 * Keeps the policies that policies/active.json names. Another one is read, checked and compiled beside the one that
 * decides and takes its place between two decisions; scoring threads go on as they are. A change of a file that is named
 * counts as one of active.json, and so does one of the rules that policies are decided under.
 */
export function watchPolicies({ folder, first, load, onSwap, onFault, nowMs }: PolicyWatchOptions): PolicyWatch {
  let current = first
  const take = async (isClosed: () => boolean): Promise<void> => {
    const next = await load()
    if (isClosed() || (idsOf(next) === idsOf(current) && next.active.rules === current.active.rules)) return
    onSwap(next)
    current = next
  }
  // What is there at the start may be what could not be loaded: the first look tells.
  const { look, close } = follow({ stampOf: () => stampOf(folder), seen: undefined, take, onFault, nowMs })
  return { current: () => current, look, close }
}

function idsOf({ active, shadow }: ActivePolicies): string {
  return JSON.stringify([active.id, shadow?.loaded.id, shadow?.share])
}

/** Changes whenever active.json does, a file that it names, or the approved rules. */
async function stampOf(folder: URL): Promise<string> {
  const text = await readFile(activeFileOf(folder), 'utf8').catch(() => '')
  const stamps = await Promise.all(namesIn(folder, text).map((name) => stampOfFile(policyFileOf(folder, name))))
  return [text, ...stamps, await stampOfRules(folder)].join('\n')
}

function namesIn(folder: URL, text: string): string[] {
  try {
    const { active, shadow } = parseActivePolicies(folder, text)
    return [active.policy, ...(shadow === undefined ? [] : [shadow.policy])]
  } catch {
    return []
  }
}
