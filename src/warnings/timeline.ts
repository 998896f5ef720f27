import { applyChanges, changesOf, type StandingWarning, worstLevel } from './assess.ts'
import { isAtLeast, LEVELS, type Level, type WarningRule } from './rules.ts'
import type { Signals } from './signals.ts'

/** What was to be seen of an account at an instant. */
export interface Scan {
  readonly atMs: number
  readonly signals: Signals
}

/** Since when, without a gap, an account has been warned at a level or a more urgent one; undefined for not now. */
export type WarnedSince = Readonly<Record<Level, number | undefined>>

/** Goes through scans in order of time as the hourly scan does; how the account stands at the last one. Pure. */
export function warnedAt(rules: readonly WarningRule[], scans: readonly Scan[]): WarnedSince {
  let standing: readonly StandingWarning[] = []
  const since: Record<Level, number | undefined> = { yellow: undefined, orange: undefined, red: undefined }
  for (const { atMs, signals } of scans) {
    const before = worstLevel(standing, atMs)
    standing = applyChanges(standing, changesOf(rules, signals, standing, atMs))
    const now = worstLevel(standing, atMs)
    for (const level of LEVELS) {
      const was = before !== undefined && isAtLeast(before, level)
      const is = now !== undefined && isAtLeast(now, level)
      if (!is) since[level] = undefined
      else if (!was) since[level] = atMs
    }
  }
  return since
}
