/** How well probabilities tell bad from good. Null where one of the two is missing: nothing can be told then. */
export interface RankMetrics {
  /** Probability that a bad one has the higher probability; ties count half. */
  readonly auc: number
  /** Largest distance between the distributions of bad and good. */
  readonly ks: number
}

export interface RankIntervals {
  readonly auc: readonly [low: number, high: number]
  readonly ks: readonly [low: number, high: number]
}

export function rankMetrics(pd: ArrayLike<number>, bad: ArrayLike<boolean>): RankMetrics | null {
  const { levelOf, levels } = toLevels(pd)
  const [goods, bads] = [new Float64Array(levels), new Float64Array(levels)]
  for (let row = 0; row < pd.length; row++) add(bad[row] ? bads : goods, levelOf[row] as number)
  return rankMetricsOfCounts(goods, bads)
}

/**
 * 95 % percentile bootstrap over rows, seeded: the same rows give the same interval. Rows are ranked once, so that a
 * resample costs one pass over them. Resamples without a bad or a good row tell nothing and are left out.
 */
export function rankIntervals(
  pd: ArrayLike<number>,
  bad: ArrayLike<boolean>,
  { resamples, seed }: { readonly resamples: number; readonly seed: number }
): RankIntervals | null {
  const { levelOf, levels } = toLevels(pd)
  const random = mulberry32(seed)
  const [goods, bads] = [new Float64Array(levels), new Float64Array(levels)]
  const [aucs, kss]: [number[], number[]] = [[], []]
  for (let resample = 0; resample < resamples; resample++) {
    goods.fill(0)
    bads.fill(0)
    for (let draw = 0; draw < pd.length; draw++) {
      const row = Math.floor(random() * pd.length)
      add(bad[row] ? bads : goods, levelOf[row] as number)
    }
    const metrics = rankMetricsOfCounts(goods, bads)
    if (metrics === null) continue
    aucs.push(metrics.auc)
    kss.push(metrics.ks)
  }
  return aucs.length === 0 ? null : { auc: middle95(aucs), ks: middle95(kss) }
}

function add(counts: Float64Array, level: number): void {
  counts[level] = (counts[level] as number) + 1
}

/** The rank of each row’s value among the distinct values. */
function toLevels(values: ArrayLike<number>): { levelOf: Uint32Array; levels: number } {
  const order = Uint32Array.from({ length: values.length }, (_, row) => row)
  order.sort((left, right) => (values[left] as number) - (values[right] as number))
  const levelOf = new Uint32Array(values.length)
  let level = 0
  for (let rank = 0; rank < order.length; rank++) {
    const row = order[rank] as number
    if (rank > 0 && values[row] !== values[order[rank - 1] as number]) level++
    levelOf[row] = level
  }
  return { levelOf, levels: order.length === 0 ? 0 : level + 1 }
}

/** The same of counts by level, from the lowest probability up; those of one level are ties. */
export function rankMetricsOfCounts(goods: Float64Array, bads: Float64Array): RankMetrics | null {
  const [goodTotal, badTotal] = [sum(goods), sum(bads)]
  if (goodTotal === 0 || badTotal === 0) return null
  let [goodBelow, badBelow, wins, ks] = [0, 0, 0, 0]
  for (let level = 0; level < goods.length; level++) {
    const [good, bad] = [goods[level] as number, bads[level] as number]
    wins += bad * (goodBelow + good / 2)
    goodBelow += good
    badBelow += bad
    ks = Math.max(ks, Math.abs(badBelow / badTotal - goodBelow / goodTotal))
  }
  return { auc: wins / (goodTotal * badTotal), ks }
}

function sum(values: Float64Array): number {
  let total = 0
  for (const value of values) total += value
  return total
}

export function middle95(values: number[]): [number, number] {
  values.sort((left, right) => left - right)
  return [quantile(values, 0.025), quantile(values, 0.975)]
}

/** Linear between neighbours, of sorted values. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)] as number, sorted[Math.ceil(at)] as number]
  return below + (above - below) * (at - Math.floor(at))
}

/** Small generator with a 32-bit state (mulberry32): good enough to draw rows, the same everywhere. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
