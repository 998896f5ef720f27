import { createHash } from 'node:crypto'
import type { Decision } from '../src/domain/decision.ts'
import type { OutcomeInput } from '../src/outcomes/outcome.ts'
import type { DemoApplication } from './world.ts'

export interface DecisionCounts {
  APPROVE: number
  REFER: number
  DECLINE: number
}

/** What was decided: the same for the same seed, people and days. */
export interface DecisionSummary {
  readonly applications: number
  readonly byProgram: DecisionCounts
  readonly byPerson: DecisionCounts
  /** Of the program’s, by product. */
  readonly byProduct: Readonly<Record<string, DecisionCounts>>
  readonly reasons: Readonly<Record<string, number>>
  readonly attack: {
    readonly applications: number
    /** Not approved by the program. */
    readonly caught: number
    readonly paidOut: number
  }
  readonly frauds: { readonly applications: number; readonly notApproved: number }
  /** Of loans whose outcome is known, by band; `none` is without a score. */
  readonly badByBand: Readonly<Record<string, { readonly known: number; readonly bad: number }>>
  /** Decisions in which something was missing or bounded: of a machine that was too busy. */
  readonly degraded: number
  /** Of every application, what was decided, offered and why, in order. */
  readonly digest: string
}

export interface Tally {
  readonly decided: (application: DemoApplication, decision: Decision) => void
  readonly outcome: (outcome: OutcomeInput) => void
  readonly disbursed: (application: DemoApplication) => void
  readonly summary: () => DecisionSummary
}

export function createTally(): Tally {
  const counts = (): DecisionCounts => ({ APPROVE: 0, REFER: 0, DECLINE: 0 })
  const [byProgram, byPerson] = [counts(), counts()]
  const byProduct: Record<string, DecisionCounts> = {}
  const reasons: Record<string, number> = {}
  const attack = { applications: 0, caught: 0, paidOut: 0 }
  const frauds = { applications: 0, notApproved: 0 }
  const bandOf = new Map<string, string>()
  const badByBand: Record<string, { known: number; bad: number }> = {}
  const digest = createHash('sha256')
  let degraded = 0

  return {
    decided: ({ request, truth, isAttack }, decision) => {
      const { applicationId, decision: outcome, score, offers, decisionId } = decision
      const offered = offers.map(({ amountMinor, totalRepayableMinor }) => [amountMinor, totalRepayableMinor])
      const codes = decision.reasons.map(({ code }) => code)
      digest.update(`${JSON.stringify([applicationId, decision.round ?? 1, outcome, score, offered, codes])}\n`)
      bandOf.set(decisionId, score?.band ?? 'none')
      for (const code of codes) reasons[code] = (reasons[code] ?? 0) + 1
      if (decision.trace.degraded.length > 0) degraded++
      if (decision.decidedBy === 'HUMAN') {
        byPerson[outcome]++
        return
      }
      byProgram[outcome]++
      byProduct[request.product] ??= counts()
      ;(byProduct[request.product] as DecisionCounts)[outcome]++
      if (truth.isFraud) {
        frauds.applications++
        if (outcome !== 'APPROVE') frauds.notApproved++
      }
      if (isAttack) {
        attack.applications++
        if (outcome !== 'APPROVE') attack.caught++
      }
    },
    outcome: ({ decisionId, outcome }) => {
      const band = bandOf.get(decisionId) ?? 'none'
      badByBand[band] ??= { known: 0, bad: 0 }
      const of = badByBand[band] as { known: number; bad: number }
      of.known++
      if (outcome === 'bad') of.bad++
    },
    disbursed: ({ isAttack }) => {
      if (isAttack) attack.paidOut++
    },
    summary: () => ({
      applications: byProgram.APPROVE + byProgram.REFER + byProgram.DECLINE,
      byProgram,
      byPerson,
      byProduct,
      reasons,
      attack,
      frauds,
      badByBand: Object.fromEntries(Object.entries(badByBand).sort()),
      degraded,
      digest: digest.copy().digest('hex')
    })
  }
}
