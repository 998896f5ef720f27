import { type Static, Type } from 'typebox'
import type { Decision } from '../domain/decision.ts'
import { OUTCOMES } from '../domain/decision.ts'
import { ApplicationIdSchema, DecisionIdSchema } from '../domain/ids.ts'
import { MAX_REASONS } from '../domain/reasons.ts'
import type { Lender } from './lenders.ts'
import { LANGUAGES, type Language, TEXTS } from './texts.ts'

const strict = { additionalProperties: false } as const
const ContactSchema = Type.Object({ phone: Type.String(), email: Type.String() }, strict)
const RightSchema = Type.Object({ text: Type.String(), how: Type.String(), link: Type.Optional(Type.String()) }, strict)

/** What a borrower is told who did not get all that was asked for (domain reference 3.4). */
export const NoticeSchema = Type.Object(
  {
    decisionId: DecisionIdSchema,
    applicationId: ApplicationIdSchema,
    language: Type.Enum([...LANGUAGES]),
    title: Type.String(),
    lender: Type.Object({ name: Type.String(), contact: ContactSchema }, strict),
    decision: Type.Enum([...OUTCOMES]),
    statement: Type.String(),
    decidedAt: Type.String({ format: 'date-time' }),
    reasons: Type.Array(Type.Object({ code: Type.String(), text: Type.String() }, strict), { maxItems: MAX_REASONS }),
    score: Type.Optional(
      Type.Integer({ description: 'Points, where the rules of the decision are those of the US, which ask for it' })
    ),
    sources: Type.Array(Type.Object({ name: Type.String(), contact: Type.Optional(ContactSchema) }, strict)),
    rights: Type.Array(RightSchema),
    complaints: ContactSchema
  },
  { ...strict, $id: 'Notice' }
)
export type Notice = Static<typeof NoticeSchema>

/** Rule packs of the US ask for the score (FCRA 615(a)). */
const US_PACK = /^us-/

/** Whether a decision refuses something of what was asked for. */
export function isAdverse({ decision, reasons }: Pick<Decision, 'decision' | 'reasons'>): boolean {
  return decision !== 'APPROVE' || reasons.length > 0
}

/**
 * The notice of a stored decision, in the words that were stored with it. Pure: the same bytes and the same contacts give the
 * same notice for ever. Undefined where all was approved.
 */
export function composeNotice(decision: Decision, lender: Lender, language: Language): Notice | undefined {
  if (!isAdverse(decision)) return undefined
  const texts = TEXTS[language]
  const { decisionId, reasons, score, trace } = decision
  const self = `/v1/decisions/${decisionId}`
  const { phone, email } = lender.contact
  const how = `${texts.how} ${phone}, ${email}`
  const asksScore = trace.rulePacks?.some((pack) => US_PACK.test(pack)) === true
  const isHuman = decision.decidedBy === 'HUMAN'
  return {
    decisionId,
    applicationId: decision.applicationId,
    language,
    title: texts.title,
    lender: { name: lender.name[language], contact: lender.contact },
    decision: decision.decision,
    statement: texts.outcomes[decision.decision],
    decidedAt: decision.decidedAt,
    reasons: reasons.map(({ code, text }) => ({ code: publicCode(code), text: text[language] })).filter(isFirst),
    ...(asksScore && score !== null && { score: score.points }),
    sources: [
      ...texts.sources.map((name) => ({ name })),
      ...lender.sources.map(({ name, contact }) => ({ name: name[language], contact }))
    ],
    rights: [
      { text: texts.rights.explanation, how, link: `${self}/explanation` },
      isHuman
        ? { text: texts.rights.humanDone, how }
        : { text: texts.rights.humanReview, how, link: `${self}/review-requests` },
      { text: texts.rights.correction, how }
    ],
    complaints: lender.complaints
  }
}

/** Which sign of fraud it was stays inside; the texts of all are the same. */
function publicCode(code: string): string {
  return code.startsWith('R5') ? 'R5' : code
}

function isFirst({ code }: { code: string }, index: number, all: readonly { code: string }[]): boolean {
  return all.findIndex((other) => other.code === code) === index
}
