export interface ScoreScale {
  /** Points at the base odds. */
  readonly baseScore: number
  /** Good:bad odds at the base score. */
  readonly baseOdds: number
  /** Points that double the odds. */
  readonly pointsToDouble: number
}

/**
 * Scorecard points of a probability of default: A + B·ln(odds good:bad), B = PDO/ln 2, A = base − B·ln(base odds).
 * Golden values with 600 at 50:1 and PDO 20: 0.01 → 619.71, 0.05 → 572.08, 0.20 → 527.12 (domain reference 3.5).
 */
export function scorePoints(pd: number, { baseScore, baseOdds, pointsToDouble }: ScoreScale): number {
  const factor = pointsToDouble / Math.LN2
  return baseScore + factor * (Math.log((1 - pd) / pd) - Math.log(baseOdds))
}

/** A probability that may decide: finite and strictly inside (0, 1). NaN, infinities and certainties never pass. */
export function isUsablePd(pd: number): boolean {
  return pd > 0 && pd < 1
}
