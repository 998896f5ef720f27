import { type Static, Type } from 'typebox'
import { idSchema } from './ids.ts'

/** Checks that a decision can ask for; with the evidence the application is decided again (domain reference 3.3). */
export const STEP_UPS = [
  'STEP_UP_LIVENESS',
  'STEP_UP_OTP',
  'STEP_UP_BANKCARD_4F',
  'STEP_UP_INCOME_PROOF',
  'STEP_UP_NON_STUDENT_PROOF',
  'PROVIDE_PURPOSE_PROOF'
] as const
export type StepUp = (typeof STEP_UPS)[number]

/** What the applicant can do to go on: a check, until when and how often it may be tried. */
export const NextActionSchema = Type.Object(
  {
    type: Type.Enum([...STEP_UPS]),
    expiresAt: Type.String({ format: 'date-time' }),
    attemptsLeft: Type.Integer({ minimum: 0 })
  },
  { additionalProperties: false }
)
export type NextAction = Static<typeof NextActionSchema>

const MINUTE_MS = 60_000

export function nextAction(asked: {
  readonly type: StepUp
  readonly nowMs: number
  readonly expiresInMinutes: number
  readonly attempts: number
}): NextAction {
  const expiresAt = new Date(asked.nowMs + asked.expiresInMinutes * MINUTE_MS).toISOString()
  return { type: asked.type, expiresAt, attemptsLeft: asked.attempts }
}

/** That a check was passed: which, and where its documents are. No document comes here. */
export const EvidenceSchema = Type.Object(
  {
    type: Type.Enum([...STEP_UPS]),
    referenceId: idSchema('The id of the check in the system that made it')
  },
  { additionalProperties: false }
)
export type Evidence = Static<typeof EvidenceSchema>
