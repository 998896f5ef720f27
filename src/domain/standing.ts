import { type Static, Type } from 'typebox'
import { compileCheck } from './check.ts'

const STANDING_STATES = ['reduced', 'frozen'] as const

/**
 * How an applicant stands between two decisions: what reviews of the limit and warnings have come to. Nothing is stored of who
 * stands as the policy alone says.
 */
const StandingSchema = Type.Object(
  {
    state: Type.Enum([...STANDING_STATES]),
    limitFactor: Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'Of what the policy would grant' }),
    sinceMs: Type.Integer({ minimum: 0 }),
    untilMs: Type.Integer({ minimum: 0, description: 'It ends by itself' }),
    reasons: Type.Array(Type.String({ pattern: '^[a-z][a-z0-9_]{0,31}$' }), { maxItems: 8 })
  },
  { additionalProperties: false }
)
export type Standing = Static<typeof StandingSchema>

/** What a decision needs of it. */
export interface DecisionStanding {
  readonly frozen: boolean
  /** Of what the policy would grant; in (0, 1]. */
  readonly limitFactor: number
  /** Whether who applies must first show that it is them, by a code sent to their phone. */
  readonly stepUp?: boolean | undefined
}

/** A limit that was reduced for this reason has the next decision ask who it is that applies. */
export const STEP_UP_REASON = 'warning_orange'

const check = compileCheck(StandingSchema)
/** What cannot be read holds back rather than lets go. */
const UNREADABLE: DecisionStanding = { frozen: true, limitFactor: 1 }

/** Reads a stored standing; undefined for what is none. */
export function parseStanding(json: string): Standing | undefined {
  try {
    const checked = check(JSON.parse(json))
    return checked.ok ? checked.value : undefined
  } catch {
    return undefined
  }
}

/** What a stored standing says to a decision of an instant; undefined where it changes nothing. */
export function standingAt(stored: Buffer | string | null, nowMs: number): DecisionStanding | undefined {
  if (stored === null) return undefined
  const standing = parseStanding(stored.toString())
  if (standing === undefined) return UNREADABLE
  if (standing.untilMs <= nowMs) return undefined
  const frozen = standing.state === 'frozen'
  const known = { frozen, limitFactor: standing.limitFactor }
  return !frozen && standing.reasons.includes(STEP_UP_REASON) ? { ...known, stepUp: true } : known
}
