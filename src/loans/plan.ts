/** One instalment of a plan. */
export interface PlanRow {
  readonly no: number
  /** Days since 1970-01-01 where the borrower is. */
  readonly dueDay: number
  readonly principalMinor: number
  readonly interestMinor: number
}

export interface PlanPayment {
  readonly atMs: number
  /** Undefined where the producer does not tell it. */
  readonly amountMinor: number | undefined
  readonly instalmentNo: number
  readonly kind: 'scheduled' | 'partial' | 'final' | 'prepaid' | undefined
}

export interface Plan {
  readonly rows: readonly PlanRow[]
  readonly isTold: boolean
  /** What payments of it came to, at most all of it. */
  readonly paidMinor: () => number
  /** Since when nothing is left to pay of an instalment; undefined while something is. */
  readonly coveredAtMs: (index: number) => number | undefined
  readonly pay: (payment: PlanPayment) => void
  readonly takeBack: (amountMinor: number, atMs: number) => void
  /** Nothing is left to pay of it, whatever came in. */
  readonly cover: (atMs: number) => void
}

/**
 * A plan and what was paid on it. Money goes to the oldest instalment that is not paid, whichever an event names, and there to
 * interest before principal, so that only sums count. Payments must come in order of time.
 *
 * An amount that is not told is what was left of its instalment; of a partial payment, nothing. A final payment leaves nothing.
 *
 * @param isTold false for a plan made from the principal alone: interest is not known then, so after a payment that its producer
 * calls partial something is left however much came in
 */
export function createPlan(rows: readonly PlanRow[], isTold: boolean, sinceMs: number): Plan {
  let sum = 0
  const dueMinor = rows.map(({ principalMinor, interestMinor }) => (sum += principalMinor + interestMinor))
  const coveredAtMs: (number | undefined)[] = rows.map(() => undefined)
  const isUnknown = !isTold && sum === 0
  let covered = 0
  let cashMinor = 0
  let isHeldOpen = isUnknown

  const settle = (atMs: number): void => {
    const end = isHeldOpen ? rows.length - 1 : rows.length
    while (covered < end && cashMinor >= (dueMinor[covered] as number)) coveredAtMs[covered++] = atMs
    while (covered > 0 && (covered > end || cashMinor < (dueMinor[covered - 1] as number)))
      coveredAtMs[--covered] = undefined
  }

  const untoldMinor = ({ kind, instalmentNo }: PlanPayment): number => {
    if (kind === 'partial') return 0
    const index = rows.findIndex(({ no }) => no === instalmentNo)
    return Math.max(0, (dueMinor[index] ?? 0) - cashMinor)
  }

  const cover = (atMs: number): void => {
    cashMinor = Math.max(cashMinor, sum)
    isHeldOpen = false
    settle(atMs)
  }

  settle(sinceMs)
  return {
    rows,
    isTold,
    paidMinor: () => Math.min(sum, cashMinor),
    coveredAtMs: (index) => coveredAtMs[index],
    pay: (payment) => {
      cashMinor += payment.amountMinor ?? untoldMinor(payment)
      if (payment.kind === 'final') return cover(payment.atMs)
      if (!isTold) isHeldOpen = payment.kind === 'partial'
      settle(payment.atMs)
    },
    takeBack: (amountMinor, atMs) => {
      cashMinor = Math.max(0, cashMinor - amountMinor)
      isHeldOpen ||= isUnknown
      settle(atMs)
    },
    cover
  }
}
