import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Clock } from '../../clock.ts'
import { ApplicantIdSchema, LoanIdSchema } from '../../domain/ids.ts'
import type { Edge } from '../../edge/edge.ts'
import { AssayError } from '../../errors.ts'
import { loanAsOf } from '../../loans/fold-loan.ts'
import type { Loan } from '../../loans/loan-schema.ts'
import type { LoanStore } from '../../loans/loan-store.ts'
import { principalOf } from '../plugins/authentication.ts'
import { problemResponses } from '../problem.ts'

const MAX_LISTED_LOANS = 100

export interface LoanRoutesOptions {
  readonly loans: Pick<LoanStore, 'find' | 'listByApplicant'>
  readonly edge: Pick<Edge, 'applicantToken'>
  readonly clock: Clock
}

const LoanRef = Type.Unsafe<Loan>({ $ref: 'Loan#' })
const asOfQuery = {
  asOfMs: Type.Optional(
    Type.String({ pattern: '^[0-9]{12,13}$', description: 'How it stood then, ms since 1970; without it, now' })
  )
}

/** The loan book. */
export const loanRoutes: FastifyPluginAsyncTypebox<LoanRoutesOptions> = async (app, { loans, edge, clock }) => {
  app.get(
    '/v1/loans/:loanId',
    {
      config: { scope: 'loans' },
      schema: {
        summary: 'Read a loan as it stands, or stood',
        description: 'Every event that was accepted is in it. A loan is there once its loan.disbursed is.',
        params: Type.Object({ loanId: LoanIdSchema }),
        querystring: Type.Object(asOfQuery, { additionalProperties: false }),
        response: { 200: LoanRef, ...problemResponses(400, 404) }
      }
    },
    async (request) => {
      const stored = await loans.find(principalOf(request).tenant, request.params.loanId)
      const loan = stored && loanAsOf(stored.history, readAsOf(request.query, clock))
      if (loan === undefined) throw new AssayError('not_found', 'no such loan')
      return loan
    }
  )
  app.get(
    '/v1/applicants/:applicantId/loans',
    {
      config: { scope: 'loans' },
      schema: {
        summary: 'List the loans of an applicant',
        description: `By loanId, at most ${MAX_LISTED_LOANS}; more behind the last one by ?after=. Empty for somebody unknown.`,
        params: Type.Object({ applicantId: ApplicantIdSchema }),
        querystring: Type.Object({ ...asOfQuery, after: Type.Optional(LoanIdSchema) }, { additionalProperties: false }),
        response: { 200: Type.Object({ loans: Type.Array(LoanRef) }), ...problemResponses(400) }
      }
    },
    async (request) => {
      const { tenant } = principalOf(request)
      const { after } = request.query
      const asOfMs = readAsOf(request.query, clock)
      const token = edge.applicantToken(tenant, request.params.applicantId)
      const stored = await loans.listByApplicant(tenant, token, { limit: MAX_LISTED_LOANS, after })
      return { loans: stored.flatMap(({ history }) => loanAsOf(history, asOfMs) ?? []) }
    }
  )
}

function readAsOf({ asOfMs }: { readonly asOfMs?: string }, clock: Clock): number {
  return asOfMs === undefined ? clock.nowMs() : Number(asOfMs)
}
