import type { DecisionRequest } from '../src/domain/application.ts'
import type { Decision } from '../src/domain/decision.ts'
import type { EventInput } from '../src/domain/event.ts'
import type { Loan } from '../src/loans/loan-schema.ts'
import type { OutcomeInput } from '../src/outcomes/outcome.ts'
import type { Finish, Review } from '../src/reviews/review.ts'

/** The calls of a partner’s front-end, loan system and reviewers, each with the key that may make it. */
export interface DemoService {
  readonly decide: (request: DecisionRequest) => Promise<Decision>
  readonly tell: (events: readonly EventInput[]) => Promise<void>
  readonly post: (outcomes: readonly OutcomeInput[]) => Promise<void>
  readonly askForReview: (decisionId: string) => Promise<void>
  readonly reviews: () => Promise<readonly Review[]>
  /** Claims and finishes; the next decision, or why there is none. */
  readonly finish: (decisionId: string, reviewer: number, what: Finish) => Promise<Decision | 'second' | 'not_allowed'>
  readonly loan: (loanId: string) => Promise<Loan | undefined>
}

export interface DemoServiceOptions {
  readonly apiUrl: string
  readonly key: string
  readonly reviewerKeys: readonly string[]
  readonly signal: AbortSignal
}

const MAX_BATCH = 500
const TRIES = 40
const RETRY_MS = 250
/** Overloaded, backlogged or pending: to be sent again. */
const AGAIN: ReadonlySet<number> = new Set([409, 429, 503])

export function createDemoService({ apiUrl, key, reviewerKeys, signal }: DemoServiceOptions): DemoService {
  const call = async (
    method: 'GET' | 'POST',
    path: string,
    { body, as = key }: { body?: object; as?: string } = {}
  ) => {
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${as}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal
    })
    return { status: response.status, text: await response.text() }
  }
  /** Everything sent is idempotent, so what a busy machine did not take in time is sent again. */
  const insist = async (path: string, wanted: number, body: object) => {
    for (let tries = 1; ; tries++) {
      const { status, text } = await call('POST', path, { body })
      if (status === wanted) return text
      if (!AGAIN.has(status) || tries === TRIES) throw new Error(`${path} answered ${status}: ${text.slice(0, 500)}`)
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
  const reviewer = (index: number) => reviewerKeys[index % reviewerKeys.length] as string
  const listOpen = async (after: string | undefined): Promise<Review[]> => {
    const path = `/v1/reviews?limit=50${after === undefined ? '' : `&after=${after}`}`
    const { status, text } = await call('GET', path, { as: reviewer(0) })
    if (status !== 200) throw new Error(`${path} answered ${status}: ${text.slice(0, 500)}`)
    const { reviews, next } = JSON.parse(text) as { reviews: Review[]; next?: string }
    return next === undefined ? reviews : [...reviews, ...(await listOpen(next))]
  }

  return {
    decide: async (request) => JSON.parse(await insist('/v1/decisions', 200, request)) as Decision,
    tell: async (events) => {
      for (let first = 0; first < events.length; first += MAX_BATCH)
        await insist('/v1/events', 202, { events: events.slice(first, first + MAX_BATCH) })
    },
    post: async (outcomes) => {
      for (let first = 0; first < outcomes.length; first += MAX_BATCH)
        await insist('/v1/outcomes', 200, { outcomes: outcomes.slice(first, first + MAX_BATCH) })
    },
    askForReview: async (decisionId) => {
      await insist(`/v1/decisions/${decisionId}/review-requests`, 202, { reasonCode: 'DISAGREES' })
    },
    reviews: () => listOpen(undefined),
    finish: async (decisionId, index, { action, ...body }) => {
      const path = `/v1/reviews/${decisionId}`
      const claimed = await call('POST', `${path}/claim`, { as: reviewer(index) })
      if (claimed.status !== 200) return 'not_allowed'
      const { status, text } = await call('POST', `${path}/${action}`, { body, as: reviewer(index) })
      if (status === 200) return JSON.parse(text) as Decision
      if (status === 202) return 'second'
      if (status === 409) return 'not_allowed'
      throw new Error(`${path}/${action} answered ${status}: ${text.slice(0, 500)}`)
    },
    loan: async (loanId) => {
      const { status, text } = await call('GET', `/v1/loans/${loanId}`)
      if (status === 404) return undefined
      if (status !== 200) throw new Error(`/v1/loans answered ${status}: ${text.slice(0, 500)}`)
      return JSON.parse(text) as Loan
    }
  }
}
