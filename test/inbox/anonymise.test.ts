import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EVENT_TYPE_NAMES, EVENT_TYPES } from '../../src/domain/event.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { readEventText, readEventValue } from '../../src/edge/event-reader.ts'
import { tokenOf } from '../../src/edge/identifiers.ts'
import { createTokenise } from '../../src/edge/tokens.ts'
import { anonymise, anonymousProblems } from '../../src/inbox/anonymise.ts'
import { arbitraryData } from '../features/event-data.ts'
import { TEST_TOKEN_KEY } from '../support/app.ts'
import { NOW_MS } from './inbox-service.ts'

const tokenise = createTokenise(TEST_TOKEN_KEY)
const edge = createEdge(tokenise)
const tokensOfAlpha = (field: Parameters<typeof tokenOf>[2], plain: unknown) => tokenOf(tokenise, 'alpha', field, plain)
const anonymous = (value: Record<string, unknown>) => anonymise(value, { nowMs: NOW_MS, tokenOf: tokensOfAlpha })

const PRESENT_MS = NOW_MS - 86_400_000
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
  test.each(EVENT_TYPE_NAMES)('of a right %s makes the very same event as the text that was sent', (type) => {
    fc.assert(
      fc.property(identifiers, arbitraryData(EVENT_TYPES[type].data), (plain, dataAt) => {
        const data = dataAt(PRESENT_MS)
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
