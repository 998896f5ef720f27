import { rankReasons } from '../domain/reasons.ts'
import type { Assessment, Verdict } from '../policy/engine.ts'

/**
 * What a decision is made with, from the most to the least: all of it; no shadow; no reasons of the models; no model, so that
 * the scorecard stands in where the policy lets it and a person decides elsewhere; nothing, which is no decision.
 */
export const RUNGS = ['full', 'noShadow', 'noReasons', 'noModel', 'none'] as const
export type Rung = (typeof RUNGS)[number]

/** What a stage takes, milliseconds: as a rule, and nearly always. */
export interface StageTime {
  readonly usualMs: number
  readonly boundMs: number
}

/** Of the score’s time; each rung leaves room for what the one below it needs, and for something to go wrong. */
const SCORE_TIMES = { full: 3, noShadow: 2, noReasons: 1 } as const

/** The highest rung for which the time suffices. Pure; more time never gives a lower one. */
export function chooseRung(remainingMs: number, score: StageTime, commit: StageTime): Rung {
  if (!(remainingMs > 0) || remainingMs < commit.usualMs) return 'none'
  const forScoreMs = remainingMs - commit.boundMs
  if (forScoreMs > SCORE_TIMES.full * score.boundMs) return 'full'
  if (forScoreMs > SCORE_TIMES.noShadow * score.boundMs) return 'noShadow'
  return forScoreMs > SCORE_TIMES.noReasons * score.boundMs ? 'noReasons' : 'noModel'
}

export const LEFT_OUT_SHADOW = 'LEFT_OUT:shadow'
export const LEFT_OUT_REASONS = 'LEFT_OUT:reasons'
export const LEFT_OUT_MODEL = 'LEFT_OUT:model'
const LEFT_OUT = [LEFT_OUT_SHADOW, LEFT_OUT_REASONS, LEFT_OUT_MODEL] as const
export type LeftOut = (typeof LEFT_OUT)[number]

/** The codes of the ladder among all that a trace calls degraded. */
export function leftOutOf(degraded: readonly string[]): LeftOut[] {
  return LEFT_OUT.filter((code) => degraded.includes(code))
}

/** What a rung left out of this decision: not what it never had, nor what came along all the same. */
export function leftOutBy(rung: Rung, verdict: Verdict, assessment: Assessment, hasShadow: boolean): LeftOut[] {
  if (rung === 'full' || rung === 'none') return []
  if (rung === 'noModel') return [LEFT_OUT_MODEL]
  const shadow = hasShadow ? ([LEFT_OUT_SHADOW] as const) : []
  const isUnexplained =
    rung === 'noReasons' &&
    verdict.outcome !== 'APPROVE' &&
    assessment.kind === 'scored' &&
    assessment.contributions === null
  return isUnexplained ? [...shadow, LEFT_OUT_REASONS] : [...shadow]
}

/**
 * A decline by score has reasons or is none: without them a person decides. Others keep their verdict: a decline by rule
 * has its reasons, whatever the models had no time for.
 */
export function referUnexplained(verdict: Verdict, leftOut: readonly LeftOut[]): Verdict {
  if (!leftOut.includes(LEFT_OUT_REASONS) || verdict.reasons.length > 0) return verdict
  return { ...verdict, outcome: 'REFER', reasons: rankReasons(['SYS_INFERENCE_TIMEOUT']) }
}
