import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { timeProblem } from '../domain/event-time.ts'
import { AssayError, type FieldProblem } from '../errors.ts'
import { faultFields, type Logger } from '../log.ts'
import { toProblem } from './problem.ts'

export interface ErrorHandlerOptions {
  readonly log: Logger
  readonly onError: (route: string, code: string) => void
}

/** One place turns every fault into problem+json. What is not ours is logged and shown as internal_error, no more. */
export function installErrorHandler(app: FastifyInstance, { log, onError }: ErrorHandlerOptions): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const known = toAssayError(error)
    onError(routeOf(request), known.code)
    if (known.status >= 500) {
      const fields = { code: known.code, route: routeOf(request), requestId: request.id }
      log.error({ ...fields, ...faultFields(known.cause ?? known) }, 'request failed')
    }
    return sendProblem(reply, known)
  })
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, new AssayError('not_found', `no ${request.method} here`))
  )
}

export function sendProblem(reply: FastifyReply, error: AssayError, decisionId?: string): FastifyReply {
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds)
  if (error.code === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="assay"')
  return reply
    .code(error.status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify(toProblem(error, reply.request.id, decisionId)))
}

/** The pattern of the route, never the URL: a URL may hold ids. */
export function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unmatched'
}

const BY_FASTIFY_CODE: Readonly<Record<string, [AssayError['code'], string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', 'the body is larger than the route takes'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'send application/json'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed_json', 'the body is empty'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['malformed_json', 'the body is not as long as it says']
}

function toAssayError(error: FastifyError): AssayError {
  if (error instanceof AssayError) return error
  if (error.validation !== undefined) {
    const problems = error.validation.flatMap(describeValidation).slice(0, 16)
    const [first] = problems
    const detail = first === undefined ? 'see errors' : `${first.field} ${first.problem}`
    return new AssayError('invalid_request', detail, { problems })
  }
  const [code, detail] = BY_FASTIFY_CODE[error.code] ?? []
  if (code !== undefined) return new AssayError(code, detail as string)
  if (error.statusCode === 400)
    return new AssayError('malformed_json', 'the request could not be read', { cause: error })
  return new AssayError('internal_error', 'the fault was logged under this request id', { cause: error })
}

type Validation = NonNullable<FastifyError['validation']>[number]

function describeValidation({ keyword, instancePath, params, message }: Validation): FieldProblem[] {
  // Says only that the branch of an if failed; what failed in it is named beside it.
  if (keyword === 'if') return []
  if (keyword === 'required')
    return [{ field: `${instancePath}/${String(params.missingProperty)}`, problem: 'is missing' }]
  if (keyword === 'additionalProperties') {
    return [{ field: `${instancePath}/${String(params.additionalProperty)}`, problem: 'is not a known field' }]
  }
  if (keyword === 'enum') {
    return [{ field: instancePath, problem: `must be one of ${(params.allowedValues as unknown[]).join(', ')}` }]
  }
  const problem = timeProblem(keyword, params.limit) ?? message ?? 'is not valid'
  return [{ field: instancePath === '' ? '/' : instancePath, problem }]
}
