import { Type } from 'typebox'
import { type AssayError, ERRORS, type ErrorCode } from '../errors.ts'

/** Every error a client sees: RFC 9457, with our code and, for bad input, each field and its problem. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'urn:assay:error:<code>' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.Enum(Object.keys(ERRORS)),
    detail: Type.String(),
    retryable: Type.Boolean({ description: 'Whether the same request may succeed later' }),
    requestId: Type.String(),
    errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), problem: Type.String() }))),
    decisionId: Type.Optional(Type.String({ description: 'The first decision, where a conflict is with one' }))
  },
  { $id: 'Problem', additionalProperties: false }
)

/** Responses of a route’s schema: what every route can answer, and these. */
export function problemResponses(...statuses: readonly number[]) {
  const problem = { content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } } }
  return Object.fromEntries(
    [401, 403, ...statuses, 500, 503].map((status) => [status, { description: DESCRIPTIONS[status] ?? '', ...problem }])
  )
}

const DESCRIPTIONS: Readonly<Record<number, string>> = Object.fromEntries(
  [...Map.groupBy(Object.values(ERRORS), ({ status }) => status)].map(([status, of]) => [
    status,
    of.map(({ title }) => title).join('; ')
  ])
)

export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail: string
  readonly retryable: boolean
  readonly requestId: string
  readonly errors?: AssayError['problems']
  readonly decisionId?: string
}

export function toProblem(error: AssayError, requestId: string, decisionId?: string): ProblemBody {
  const { title, status, retryable } = ERRORS[error.code]
  return {
    type: `urn:assay:error:${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.message,
    retryable,
    requestId,
    ...(error.problems.length > 0 && { errors: error.problems }),
    ...(decisionId !== undefined && { decisionId })
  }
}
