import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EVENT_TYPE_NAMES, type EventType } from '../../src/domain/event.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { readEventText, readEventValue } from '../../src/edge/event-reader.ts'
import { tokenOf } from '../../src/edge/identifiers.ts'
import { createTokenise } from '../../src/edge/tokens.ts'
import { anonymise, anonymousProblems } from '../../src/inbox/anonymise.ts'
import { TEST_TOKEN_KEY } from '../support/app.ts'
import { NOW_MS } from './inbox-service.ts'

const tokenise = createTokenise(TEST_TOKEN_KEY)
const edge = createEdge(tokenise)
const tokensOfAlpha = (field: Parameters<typeof tokenOf>[2], plain: unknown) => tokenOf(tokenise, 'alpha', field, plain)
const anonymous = (value: Record<string, unknown>) => anonymise(value, { nowMs: NOW_MS, tokenOf: tokensOfAlpha })

const PRESENT_MS = NOW_MS - 86_400_000
const FAR_MS = Date.UTC(2060, 0, 1)
/** Data that each type takes; types that came later are held to the same by what the inbox does with them. */
const DATA: Partial<Record<EventType, object>> = {
  'application.submitted': { applicationId: 'a-1', product: 'cash', amountMinor: 999_999_999, termDays: 30 },
  'loan.disbursed': { loanId: 'loan-1', principalMinor: 9_345_678_901, termDays: 3650 },
  'repayment.received': { loanId: 'loan-1', instalmentNo: 3, dueAtMs: FAR_MS, amountMinor: 0 },
  'repayment.failed': { loanId: 'loan-1', instalmentNo: 3, amountMinor: 50_000 },
  'loan.closed': { loanId: 'loan-1', disbursedAtMs: PRESENT_MS, dueAtMs: FAR_MS },
  'auth.login': {},
  'profile.changed': { field: 'bankCard' }
}

const identifiers = fc.record(
  {
    deviceId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,20}$/),
    ip: fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter((ip) => !ip.includes('.'))
    ),
    phone: fc.stringMatching(/^\+?[0-9]{5,15}$/),
    bankCard: fc.stringMatching(/^[0-9]{8,19}$/)
  },
  { requiredKeys: [] }
)

describe('the copy of an event that is kept', () => {
  test.each(Object.entries(DATA))('of a right %s makes the very same event as the text that was sent', (type, data) => {
    expect(EVENT_TYPE_NAMES).toContain(type)
    fc.assert(
      fc.property(identifiers, (plain) => {
        const input = { eventId: 'e-1', type, occurredAtMs: PRESENT_MS, applicantId: 'person', ...plain, data }
        const sent = readEventText(edge, 'alpha', JSON.stringify(input), NOW_MS)
        const { event, tokens, removed } = anonymous(input)
        expect(readEventValue(edge, 'alpha', event, NOW_MS, tokens)).toEqual(sent)
        expect([sent.kind, removed, [...tokens].sort()]).toEqual(['event', [], Object.keys(plain).sort()])
        expect(JSON.stringify(event.data)).toBe(JSON.stringify(data))
      }),
      { numRuns: 30 }
    )
  })

  test('of anything at all holds no text and no long number that was not asked for', () => {
    const secret = 'SECRET-8031112222'
    const leaf = fc.constantFrom<unknown>(secret, 8_031_112_222, 2_348_031_112_222, [secret], { [secret]: secret })
    const fields = [
      'type',
      'occurredAtMs',
      'deviceId',
      'ip',
      'phone',
      'bankCard',
      'data',
      'colour',
      secret,
      '__proto__',
      ''
    ]
    const field = fc.constantFrom(...fields)
    const inner = fc.dictionary(fc.constantFrom('loanNo', 'dueAtMs', 'product', secret), leaf)
    fc.assert(
      fc.property(fc.dictionary(field, fc.oneof(leaf, inner)), (value) => {
        // A text that could be a device’s id becomes a token.
        const kept = JSON.stringify(anonymous(value))
        expect(kept).not.toContain('SECRET')
        expect(kept.replaceAll(/"dueAtMs":2348031112222/g, '')).not.toContain('8031112222')
      }),
      { numRuns: 500 }
    )
  })

  test('has a bound, whatever was sent', () => {
    const many = Object.fromEntries(
      Array.from({ length: 5000 }, (_, index) => [`field_${'x'.repeat(index % 20)}${index % 90}`, 1])
    )
    expect(JSON.stringify(anonymous({ ...many, data: many })).length).toBeLessThan(6000)
  })

  test('names of problems are words or nothing', () => {
    const problems = ['/data/loanId', '/+234 803', '/colour', '/data/x 1', '/events/0/ip', 'tenant', '/'].map(
      (field) => ({
        field,
        problem: 'is wrong'
      })
    )
    expect(anonymousProblems(problems).map(({ field }) => field)).toEqual([
      '/data/loanId',
      '/(unnamed)',
      '/colour',
      '/data/(unnamed)',
      '/events/(unnamed)/ip',
      'tenant',
      '/'
    ])
  })
})
