import { type Static, Type } from 'typebox'
import type { Decision } from './decision.ts'
import { idSchema } from './ids.ts'
import { type Evidence, type NextAction, NextActionSchema, STEP_UPS, type StepUp } from './next-actions.ts'
import type { ReasonCode } from './reasons.ts'

/** Of one application, over all its rounds: far more than any policy asks for. */
const MAX_GIVEN = 64

const strict = { additionalProperties: false } as const

/** What was given for one application up to a decision, and what is still open: with it the decision can be made again. */
export const EvidenceSoFarSchema = Type.Object(
  {
    given: Type.Array(
      Type.Object(
        { type: Type.Enum([...STEP_UPS]), referenceId: idSchema('The id of the check'), atMs: Type.Integer() },
        strict
      ),
      { maxItems: MAX_GIVEN, description: 'In the order in which it came' }
    ),
    attemptsLeft: Type.Record(Type.String(), Type.Integer({ minimum: 0 }), {
      description: 'By type, once it was asked'
    }),
    askedByPerson: Type.Boolean({
      description: 'Whether a person asked for some of it: then none but a person declines'
    }),
    open: Type.Array(NextActionSchema, { description: 'What a person asked for and has not got' })
  },
  strict
)
export type EvidenceSoFar = Readonly<Static<typeof EvidenceSoFarSchema>>

export const NO_EVIDENCE: EvidenceSoFar = { given: [], attemptsLeft: {}, askedByPerson: false, open: [] }

/** What a referral is for while a check that a person asked for was not passed. */
export const REASON_OF_STEP_UP: Readonly<Record<StepUp, ReasonCode>> = {
  STEP_UP_LIVENESS: 'R501',
  STEP_UP_OTP: 'R501',
  STEP_UP_BANKCARD_4F: 'R501',
  STEP_UP_INCOME_PROOF: 'R501',
  STEP_UP_NON_STUDENT_PROOF: 'R405',
  PROVIDE_PURPOSE_PROOF: 'R404'
}

/** Whether evidence of a type was given; without a record none was. */
export function isGiven(evidence: EvidenceSoFar | undefined, type: StepUp): boolean {
  return evidence?.given.some((given) => given.type === type) ?? false
}

/** Whether this very evidence was given before. */
export function includesEvidence(evidence: EvidenceSoFar | undefined, { type, referenceId }: Evidence): boolean {
  return evidence?.given.some((given) => given.type === type && given.referenceId === referenceId) ?? false
}

export type EvidenceTaken =
  | { readonly kind: 'taken'; readonly evidence: EvidenceSoFar }
  | { readonly kind: 'notAsked' | 'expired' | 'exhausted' }

export interface TakeEvidence {
  /** The decision that the evidence answers, and what its record has. */
  readonly decision: Pick<Decision, 'nextActions' | 'decidedBy'>
  readonly evidence: EvidenceSoFar | undefined
  readonly given: Evidence
  readonly nowMs: number
}

/** Takes evidence that a decision asked for. Pure. */
export function takeEvidence({ decision, evidence = NO_EVIDENCE, given, nowMs }: TakeEvidence): EvidenceTaken {
  const { nextActions = [], decidedBy } = decision
  const asked = nextActions.filter(({ type }) => type === given.type)
  if (asked.length === 0) return { kind: 'notAsked' }
  if (asked.every(({ expiresAt }) => Date.parse(expiresAt) <= nowMs)) return { kind: 'expired' }
  const attemptsLeft = fewestOf(nextActions, evidence.attemptsLeft)
  const left = attemptsLeft[given.type] ?? 0
  if (left === 0 || evidence.given.length >= MAX_GIVEN) return { kind: 'exhausted' }
  const byPerson = decidedBy === 'HUMAN'
  return {
    kind: 'taken',
    evidence: {
      given: [...evidence.given, { ...given, atMs: nowMs }],
      attemptsLeft: { ...attemptsLeft, [given.type]: left - 1 },
      askedByPerson: evidence.askedByPerson || byPerson,
      open: (byPerson ? nextActions : evidence.open).filter(({ type }) => type !== given.type)
    }
  }
}

/** What the answer says is left; of a type that is asked twice the least. */
function fewestOf(actions: readonly NextAction[], before: EvidenceSoFar['attemptsLeft']): Record<string, number> {
  const fewest: Record<string, number> = {}
  for (const { type, attemptsLeft } of actions) fewest[type] = Math.min(fewest[type] ?? attemptsLeft, attemptsLeft)
  return { ...before, ...fewest }
}
