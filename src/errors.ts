interface ErrorDefinition {
  readonly status: number
  readonly title: string
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
}

/** Every problem a client can be told, by its code (docs/errors.md is held equal by a test). */
export const ERRORS = {
  malformed_json: { status: 400, title: 'The body is not JSON', retryable: false },
  invalid_request: { status: 400, title: 'The request does not match its schema', retryable: false },
  invalid_idempotency_key: { status: 400, title: 'The Idempotency-Key is not usable', retryable: false },
  invalid_deadline: { status: 400, title: 'The Assay-Deadline-Ms is not usable', retryable: false },
  as_of_not_allowed: { status: 400, title: 'This service decides as of now', retryable: false },
  unauthorized: { status: 401, title: 'A valid key is required', retryable: false },
  forbidden: { status: 403, title: 'The key does not allow this', retryable: false },
  not_found: { status: 404, title: 'There is nothing here', retryable: false },
  application_in_progress: { status: 409, title: 'The same application is being decided', retryable: true },
  explanation_unavailable: {
    status: 409,
    title: 'What the decision was made with is no longer here',
    retryable: false
  },
  decision_superseded: { status: 409, title: 'A later decision took the place of this one', retryable: false },
  evidence_not_asked: { status: 409, title: 'The decision does not ask for this evidence', retryable: false },
  evidence_expired: { status: 409, title: 'The time for this evidence is over', retryable: false },
  evidence_exhausted: { status: 409, title: 'This evidence was tried as often as it may be', retryable: false },
  review_not_open: { status: 409, title: 'Nothing of this kind is open for the decision', retryable: false },
  review_held: { status: 409, title: 'Somebody else holds the review, or finished it', retryable: false },
  review_not_claimed: { status: 409, title: 'The review is not claimed by you, or no longer', retryable: false },
  review_not_allowed: { status: 409, title: 'The policy lets no person do this', retryable: false },
  body_too_large: { status: 413, title: 'The body is too large', retryable: false },
  unsupported_media_type: { status: 415, title: 'Only application/json is accepted', retryable: false },
  application_conflict: { status: 422, title: 'The application is known with another content', retryable: false },
  idempotency_conflict: { status: 422, title: 'The Idempotency-Key was used for another request', retryable: false },
  backlog: { status: 429, title: 'Too many events wait to be worked off', retryable: true },
  share_exceeded: { status: 429, title: 'Others want what this partner has beyond its share', retryable: true },
  reviews_full: { status: 429, title: 'Too many reviews wait for a person', retryable: true },
  internal_error: { status: 500, title: 'Something went wrong on our side', retryable: true },
  overloaded: { status: 503, title: 'Too many requests are in progress', retryable: true },
  store_unavailable: {
    status: 503,
    title: 'The decision could not be made durable; nothing was decided',
    retryable: true
  },
  outcome_unknown: {
    status: 503,
    title: 'It is not known whether the decision was stored; ask again',
    retryable: true
  },
  config_invalid: { status: 500, title: 'The configuration is not usable', retryable: false },
  model_invalid: { status: 500, title: 'A model is not what its manifest says', retryable: false },
  policy_invalid: { status: 500, title: 'A policy file is not usable', retryable: false }
} as const satisfies Record<string, ErrorDefinition>

export type ErrorCode = keyof typeof ERRORS

/** One field of a request or file and what is wrong with it; `field` is a JSON pointer or a variable’s name. */
export interface FieldProblem {
  readonly field: string
  readonly problem: string
}

interface AssayErrorOptions {
  readonly cause?: unknown
  readonly problems?: readonly FieldProblem[]
  readonly retryAfterSeconds?: number
}

/** A fault with a code of the catalogue. `detail` may be shown to the client: it holds no values of a request. */
export class AssayError extends Error {
  readonly code: ErrorCode
  readonly problems: readonly FieldProblem[]
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, detail: string, { cause, problems = [], retryAfterSeconds }: AssayErrorOptions = {}) {
    super(detail, cause === undefined ? undefined : { cause })
    this.name = 'AssayError'
    this.code = code
    this.problems = problems
    this.retryAfterSeconds = retryAfterSeconds
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }
}

/** What to print for whoever runs the process: the message and every problem on a line of its own. */
export function describeError(error: unknown): string {
  if (!(error instanceof AssayError)) return error instanceof Error ? error.message : String(error)
  const lines = error.problems.map(({ field, problem }) => `  ${field}: ${problem}`)
  return [`${ERRORS[error.code].title}: ${error.message}`, ...lines].join('\n')
}
