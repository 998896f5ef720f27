import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import type { DecisionStore } from '../../decisions/store.ts'
import type { Decision } from '../../domain/decision.ts'
import { AssayError } from '../../errors.ts'
import type { Lender } from '../../notices/lenders.ts'
import { composeNotice, type Notice } from '../../notices/notice.ts'
import { noticeHtml } from '../../notices/notice-html.ts'
import { LANGUAGES } from '../../notices/texts.ts'
import { principalOf } from '../plugins/authentication.ts'
import { problemResponses } from '../problem.ts'

export interface NoticeRoutesOptions {
  readonly store: Pick<DecisionStore, 'read'>
  readonly lenderOf: (tenant: string) => Lender
}

const NoticeRef = Type.Unsafe<Notice>({ $ref: 'Notice#' })
const QuerySchema = Type.Object(
  {
    lang: Type.Optional(Type.Enum([...LANGUAGES], { description: 'zh without it' })),
    format: Type.Optional(Type.Enum(['json', 'html'], { description: 'json without it; html is a page to print' }))
  },
  { additionalProperties: false }
)

/** What a borrower is told who did not get all that was asked for. */
export const noticeRoutes: FastifyPluginAsyncTypebox<NoticeRoutesOptions> = async (app, { store, lenderOf }) => {
  app.get(
    '/v1/decisions/:decisionId/notice',
    {
      config: { scope: ['decisions', 'reviews'] },
      schema: {
        summary: 'The adverse action notice of a decision',
        description: 'Of a decision that did not grant all, in the words stored with it; 404 where all was granted.',
        params: Type.Object({ decisionId: Type.String({ maxLength: 64 }) }),
        querystring: QuerySchema,
        response: { 200: NoticeRef, ...problemResponses(400, 404) }
      }
    },
    async (request, reply) => {
      const { tenant } = principalOf(request)
      const { lang = 'zh', format = 'json' } = request.query
      const stored = await store.read(tenant, request.params.decisionId)
      if (stored === undefined) throw new AssayError('not_found', 'no such decision')
      const notice = composeNotice(JSON.parse(stored.answer) as Decision, lenderOf(tenant), lang)
      if (notice === undefined) throw new AssayError('not_found', 'all that was asked for was approved')
      reply.header('content-language', lang)
      if (format === 'json') return notice
      return sendPage(reply, noticeHtml(notice))
    }
  )
}

function sendPage(reply: FastifyReply, page: string): FastifyReply {
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'")
    .send(page)
}
