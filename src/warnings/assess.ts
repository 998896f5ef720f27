import { isAtLeast, LEVELS, type Level, type WarningRule } from './rules.ts'
import type { Signals } from './signals.ts'

const DAY_MS = 86_400_000
/** A level is left only once its signal is a tenth below where it began: a value that trembles raises nothing twice. */
const STAY_SHARE = 0.9
/** A warning whose sign is still there is told again from this part of its life on. */
const RENEW_SHARE = 0.5

/** A warning as it stands, whoever keeps it. */
export interface StandingWarning {
  readonly rule: string
  readonly level: Level
  readonly raisedAtMs: number
  readonly expiresAtMs: number
}

/** What is to be told of a loan now. */
export interface WarningChange extends StandingWarning {
  readonly ruleVersion: string
  /** raised: not in force before, or less urgent · renewed: as before, for longer. */
  readonly kind: 'raised' | 'renewed'
  /** The signal as it was seen, by its name. */
  readonly evidence: Readonly<Record<string, number>>
}

/** The most urgent level whose threshold the signal reaches; undefined for none, and for what is not known. */
export function levelOf(rule: WarningRule, value: number, standing?: Level | undefined): Level | undefined {
  return LEVELS.findLast((level) => {
    const least = rule.from[level]
    if (least === undefined) return false
    return value >= (standing !== undefined && isAtLeast(standing, level) ? least * STAY_SHARE : least)
  })
}

/**
 * What the signs at an instant change of the warnings in force. A more urgent sign counts at once. A less urgent one, or none,
 * changes nothing before the warning expires: it ends by itself, and what is still seen then is raised as it is. Pure, and
 * idempotent: with its own result applied it changes nothing.
 *
 * @param standing warnings of the same loan, expired ones as well
 */
export function changesOf(
  rules: readonly WarningRule[],
  signals: Signals,
  standing: readonly StandingWarning[],
  nowMs: number
): WarningChange[] {
  const changes: WarningChange[] = []
  for (const rule of rules) {
    const known = standing.find((warning) => warning.rule === rule.id && warning.expiresAtMs > nowMs)
    const value = signals(rule.signal)
    const level = levelOf(rule, value, known?.level)
    if (level === undefined) continue
    const lifeMs = rule.days * DAY_MS
    if (known !== undefined) {
      if (known.level !== level && isAtLeast(known.level, level)) continue
      if (known.level === level && known.expiresAtMs - nowMs > lifeMs * RENEW_SHARE) continue
    }
    const kind = known?.level === level ? 'renewed' : 'raised'
    changes.push({
      rule: rule.id,
      ruleVersion: rule.version,
      level,
      kind,
      raisedAtMs: nowMs,
      expiresAtMs: nowMs + lifeMs,
      evidence: { [rule.signal]: rounded(value) }
    })
  }
  return changes
}

/** Warnings as they stand after changes; a renewed one keeps when it was raised. */
export function applyChanges(
  standing: readonly StandingWarning[],
  changes: readonly WarningChange[]
): StandingWarning[] {
  const byRule = new Map(standing.map((warning) => [warning.rule, warning]))
  for (const { rule, level, kind, raisedAtMs, expiresAtMs } of changes) {
    const sinceMs = kind === 'renewed' ? (byRule.get(rule)?.raisedAtMs ?? raisedAtMs) : raisedAtMs
    byRule.set(rule, { rule, level, raisedAtMs: sinceMs, expiresAtMs })
  }
  return [...byRule.values()]
}

/** The most urgent level in force; undefined for none. */
export function worstLevel(
  standing: readonly Pick<StandingWarning, 'level' | 'expiresAtMs'>[],
  nowMs: number
): Level | undefined {
  const inForce = standing.filter(({ expiresAtMs }) => expiresAtMs > nowMs)
  return LEVELS.findLast((level) => inForce.some((warning) => warning.level === level))
}

/** Six digits: an alert is read by people. */
function rounded(value: number): number {
  return Number(value.toPrecision(6))
}
