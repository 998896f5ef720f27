/** How far a sample lies from its reference. */
export interface Stability {
  /** Population stability index: Σ (share − reference) · ln(share / reference). */
  readonly psi: number
  /** The index that as few rows show without any drift: (bins − 1) · (1 / reference rows + 1 / sample); of bins in use. */
  readonly noiseFloor: number
  /** What is left above the noise floor; about 0 without drift, whatever the size of the sample. */
  readonly excess: number
  readonly sample: number
}

/** Below it even the excess scatters too much to be acted on (domain reference, section 5). */
export const MIN_SAMPLE = 1000

/**
 * An empty bin counts as half a row, on both sides: the index stays finite, and one empty bin says no more than the sample
 * can know.
 */
const EMPTY_BIN_ROWS = 0.5

/** The index of counts against the shares of a reference; null without a row on either side. */
export function measureStability(
  counts: ArrayLike<number>,
  shares: ArrayLike<number>,
  referenceRows: number
): Stability | null {
  let sample = 0
  for (let bin = 0; bin < counts.length; bin++) sample += counts[bin] as number
  if (sample === 0 || referenceRows <= 0) return null
  let psi = 0
  let bins = 0
  for (let bin = 0; bin < counts.length; bin++) {
    if (shares[bin] === 0 && counts[bin] === 0) continue
    bins++
    const expected = Math.max(shares[bin] as number, EMPTY_BIN_ROWS / referenceRows)
    const share = Math.max(counts[bin] as number, EMPTY_BIN_ROWS) / sample
    psi += (share - expected) * Math.log(share / expected)
  }
  const noiseFloor = Math.max(0, bins - 1) * (1 / referenceRows + 1 / sample)
  return { psi, noiseFloor, excess: psi - noiseFloor, sample }
}
