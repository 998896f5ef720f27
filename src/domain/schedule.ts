import { roundHalfUp } from './money.ts'

export interface Instalment {
  readonly no: number
  readonly principalMinor: number
  readonly interestMinor: number
  readonly totalMinor: number
  readonly balanceMinor: number
}

/** The instalment that repays 1 in `count` equal parts at `periodRate` interest a period (an annuity). */
export function annuityFactor(periodRate: number, count: number): number {
  // expm1 and log1p keep their digits where 1 − (1 + rate)^−n would cancel to nothing: rates next to zero.
  return periodRate === 0 ? 1 / count : periodRate / -Math.expm1(-count * Math.log1p(periodRate))
}

/**
 * Equal instalments (等额本息) in integer minor units. Interest is rounded half up each period; the last instalment
 * takes what rounding left, so that principals sum to the amount and the balance ends at zero. When each period’s
 * rounded instalment would not even cover its interest, the principal part is held at zero until the last one.
 *
 * Golden values: domain reference 3.5 (1,000,000 minor at 1.5 % a month, 12 times: first 76680 + 15000, last 90326 +
 * 1355, interest 100161 in all).
 */
export function equalInstalments(amountMinor: number, periodRate: number, count: number): Instalment[] {
  const instalmentMinor = roundHalfUp(amountMinor * annuityFactor(periodRate, count))
  const schedule: Instalment[] = []
  let balanceMinor = amountMinor
  for (let no = 1; no <= count; no++) {
    const interestMinor = roundHalfUp(balanceMinor * periodRate)
    const regularMinor = Math.min(balanceMinor, Math.max(0, instalmentMinor - interestMinor))
    const principalMinor = no === count ? balanceMinor : regularMinor
    balanceMinor -= principalMinor
    schedule.push({ no, principalMinor, interestMinor, totalMinor: principalMinor + interestMinor, balanceMinor })
  }
  return schedule
}
