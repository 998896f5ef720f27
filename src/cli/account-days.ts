/** Money that came to an account or left it on a day. */
export interface Movement {
  readonly id: number
  readonly dayMs: number
  /** Negative when it left. */
  readonly amountMinor: number
  /** After it. */
  readonly balanceMinor: number
}

export interface AccountDay<Moved extends Movement> {
  readonly dayMs: number
  readonly movements: readonly Moved[]
  /** Whether each balance follows from the one before. Without that the order is that of the ids. */
  readonly isChain: boolean
}

/** Balances are told in tenths of a crown, amounts more exactly. */
const ROUNDING_MINOR = 10
/** Far more than the chain of a real day takes, which hardly branches; a made-up one must not take for ever. */
const MAX_STEPS = 10_000

/**
 * The days of one account in order of time, the movements of each in the order that their balances tell: neither ids nor
 * rows are in it. Where several orders fit, the one that continues the day before counts, and then the smaller ids first.
 */
export function inDayOrder<Moved extends Movement>(movements: readonly Moved[]): AccountDay<Moved>[] {
  const sorted = movements.toSorted((left, right) => left.dayMs - right.dayMs || left.id - right.id)
  let closingMinor = 0
  return [...Map.groupBy(sorted, ({ dayMs }) => dayMs)].map(([dayMs, ofDay]) => {
    const chain = findChain(ofDay, closingMinor) ?? findChain(ofDay, undefined)
    const day = { dayMs, movements: chain ?? ofDay, isChain: chain !== undefined }
    closingMinor = day.movements.at(-1)?.balanceMinor ?? closingMinor
    return day
  })
}

/** The movements in an order in which each balance follows from the one before; from any balance when none is given. */
function findChain<Moved extends Movement>(
  movements: readonly Moved[],
  openingMinor: number | undefined
): Moved[] | undefined {
  let steps = 0
  const extend = (
    chain: readonly Moved[],
    rest: readonly Moved[],
    fromMinor: number | undefined
  ): Moved[] | undefined => {
    if (rest.length === 0) return [...chain]
    for (const next of rest) {
      if (++steps > MAX_STEPS) return undefined
      if (!follows(next, fromMinor)) continue
      const left = rest.filter((other) => other !== next)
      const found = extend([...chain, next], left, next.balanceMinor)
      if (found !== undefined) return found
    }
    return undefined
  }
  return extend([], movements, openingMinor)
}

function follows({ amountMinor, balanceMinor }: Movement, fromMinor: number | undefined): boolean {
  return fromMinor === undefined || Math.abs(balanceMinor - amountMinor - fromMinor) <= ROUNDING_MINOR
}
