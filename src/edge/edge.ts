import { hash } from 'node:crypto'
import {
  type ApplicantFacts,
  ApplicantFactsSchema,
  type Application,
  CONSENTS,
  type DecisionRequest,
  type Refs
} from '../domain/application.ts'
import { compileCheck } from '../domain/check.ts'
import { type AssayEvent, EVENT_TYPES, type EventInput, type EventType } from '../domain/event.ts'
import { MAX_AHEAD_MS } from '../domain/event-time.ts'
import { normaliseCard, normaliseEmail, normaliseIp, normaliseNationalId, normalisePhone } from '../domain/identity.ts'
import { AssayError, type FieldProblem } from '../errors.ts'
import type { Tokenise } from './tokens.ts'

/** The one place where identifiers of people are seen. Behind it there are tokens only. */
export interface Edge {
  /** @throws AssayError invalid_request when an address is none */
  readonly toApplication: (tenant: string, request: DecisionRequest) => Application
  /** The token of an applicant whom a path names. */
  readonly applicantToken: (tenant: string, applicantId: string) => string
  /** The event, or what is wrong with it; field names are pointers below `at`. */
  readonly toEvent: (
    tenant: string,
    input: EventInput,
    at: string,
    nowMs: number
  ) => AssayEvent | readonly FieldProblem[]
}

interface PlainIdentity {
  readonly applicantId: string
  readonly deviceId?: string | undefined
  readonly ip?: string | undefined
  readonly phone?: string | undefined
  readonly bankCard?: string | undefined
}

const DATA_CHECKS = Object.fromEntries(
  Object.entries(EVENT_TYPES).map(([type, { data }]) => [type, compileCheck(data)])
) as Record<EventType, ReturnType<typeof compileCheck>>

export function createEdge(tokenise: Tokenise): Edge {
  const toRefs = (tenant: string, { applicantId, deviceId, ip, phone, bankCard }: PlainIdentity): Refs | undefined => {
    const network = ip === undefined ? undefined : normaliseIp(ip)
    if (ip !== undefined && network === undefined) return undefined
    return {
      applicant: tokenise(tenant, 'applicant', applicantId),
      ...(deviceId !== undefined && { device: tokenise(tenant, 'device', deviceId) }),
      ...(network !== undefined && { ip: tokenise(tenant, 'ip', network) }),
      ...(phone !== undefined && { phone: tokenise(tenant, 'phone', normalisePhone(phone)) }),
      ...(bankCard !== undefined && { card: tokenise(tenant, 'card', normaliseCard(bankCard)) })
    }
  }

  return {
    applicantToken: (tenant, applicantId) => tokenise(tenant, 'applicant', applicantId),
    toApplication: (tenant, request) => {
      const { identity = {}, device = {}, applicant: facts } = request
      const { applicationId, applicantId, product, amountMinor, currency, term, purpose } = request
      const refs = toRefs(tenant, { applicantId, ...device, phone: identity.phone, bankCard: identity.bankCard })
      if (refs === undefined) {
        const problems = [{ field: '/device/ip', problem: 'is not an IP address' }]
        throw new AssayError('invalid_request', 'device.ip is not an IP address', { problems })
      }
      return {
        tenant,
        applicationId,
        product,
        amountMinor,
        currency,
        term: { count: term.count, unit: term.unit },
        purpose,
        facts: inOrder(facts),
        refs,
        ...(identity.nationalId !== undefined && {
          nationalId: tokenise(tenant, 'nationalId', normaliseNationalId(identity.nationalId))
        }),
        ...(identity.email !== undefined && { email: tokenise(tenant, 'email', normaliseEmail(identity.email)) }),
        consents: CONSENTS.filter((consent) => request.consents.includes(consent))
      }
    },
    toEvent: (tenant, input, at, nowMs) => {
      const { eventId, type, occurredAtMs, data } = input
      const checked = DATA_CHECKS[type](data)
      if (!checked.ok) return checked.problems.map(({ field, problem }) => ({ field: `${at}/data${field}`, problem }))
      if (occurredAtMs > nowMs + MAX_AHEAD_MS) {
        return [
          {
            field: `${at}/occurredAtMs`,
            problem: 'lies more than 5 minutes ahead of our clock: send UTC, and look at the clock that made it'
          }
        ]
      }
      const refs = toRefs(tenant, input)
      if (refs === undefined) return [{ field: `${at}/ip`, problem: 'is not an IP address' }]
      return { eventId, type, occurredAtMs, tenant, refs, data }
    }
  }
}

const FACTS = Object.keys(ApplicantFactsSchema.properties) as (keyof ApplicantFacts)[]

/** The facts in the order of their schema, whatever the order of the body. */
function inOrder(facts: ApplicantFacts): ApplicantFacts {
  const ordered: Record<string, unknown> = {}
  for (const fact of FACTS) if (facts[fact] !== undefined) ordered[fact] = facts[fact]
  return ordered
}

/**
 * What makes two posts the same application: sha256 of its JSON as toApplication() orders it, tokens and facts in one order, so that neither the order nor
 * the spacing of the JSON matters, and nobody can try out identifiers against it.
 */
export function fingerprintOf(applicationJson: string): string {
  return hash('sha256', applicationJson, 'hex')
}
