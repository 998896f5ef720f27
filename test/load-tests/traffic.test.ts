import { describe, expect, it } from 'vitest'
import { loanHistory } from '../../load-tests/loan-history.ts'
import { prepareRequests } from '../../load-tests/prepared-requests.ts'
import { createTraffic, RETURNING_PEOPLE } from '../../load-tests/traffic.ts'
import { DecisionRequestSchema } from '../../src/domain/application.ts'
import { compileCheck } from '../../src/domain/check.ts'
import { EVENT_TYPES, EventInputSchema } from '../../src/domain/event.ts'

const NOW_MS = Date.UTC(2026, 10, 24)
const checkRequest = compileCheck(DecisionRequestSchema)

function take(seed: number, count: number) {
  const traffic = createTraffic({ seed, prefix: 'test' })
  return Array.from({ length: count }, () => traffic.next())
}

describe('traffic', () => {
  it('is the same for the same seed and another for another', () => {
    expect(take(7, 200)).toEqual(take(7, 200))
    expect(take(8, 200)).not.toEqual(take(7, 200))
  })

  it('is what the service accepts, with an application id that does not come back', () => {
    const requests = take(1, 2000)
    for (const request of requests) expect(checkRequest(request)).toMatchObject({ ok: true })
    expect(new Set(requests.map(({ applicationId }) => applicationId)).size).toBe(2000)
  })

  it('keeps a person’s phone, card and device whatever the seed', () => {
    const byPerson = new Map(take(1, 20_000).map((request) => [request.applicantId, request]))
    const met = take(2, 20_000).filter(({ applicantId }) => byPerson.has(applicantId))
    expect(met.length).toBeGreaterThan(100)
    for (const { applicantId, identity, device, applicant } of met) {
      expect(byPerson.get(applicantId)).toMatchObject({ identity, device, applicant })
    }
  })

  it('has people who share devices and networks, and some who come back', () => {
    const requests = take(1, 20_000)
    const distinct = (of: (request: (typeof requests)[number]) => unknown) => new Set(requests.map(of)).size
    expect(distinct(({ device }) => device?.deviceId)).toBeLessThan(distinct(({ applicantId }) => applicantId))
    expect(distinct(({ device }) => device?.ip)).toBeLessThan(distinct(({ device }) => device?.deviceId))
    expect(distinct(({ applicantId }) => applicantId)).toBeLessThan(20_000)
  })
})

describe('loan history', () => {
  it('is a list of events that the service accepts, all of them past', () => {
    const checkEvent = compileCheck(EventInputSchema)
    const events = [...loanHistory(NOW_MS)]
    expect(events.length).toBeGreaterThan(RETURNING_PEOPLE * 2)
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length)
    for (const event of events.slice(0, 2000)) {
      expect(checkEvent(event)).toMatchObject({ ok: true })
      expect(compileCheck(EVENT_TYPES[event.type].data)(event.data)).toMatchObject({ ok: true })
      expect(event.occurredAtMs).toBeLessThan(NOW_MS)
    }
  })
})

describe('prepared requests', () => {
  it('are whole HTTP requests, each with a new application id and the right length', () => {
    const options = { seed: 3, prefix: 'test', host: '127.0.0.1:1', path: '/v1/decisions', key: 'k', applications: 50 }
    const prepared = prepareRequests(options)
    const ids = new Set<string>()
    for (let index = 0; index < 120; index++) {
      const [head = '', body = ''] = prepared.next().split('\r\n\r\n')
      expect(head).toContain(`content-length: ${body.length}`)
      const request: unknown = JSON.parse(body)
      expect(checkRequest(request)).toMatchObject({ ok: true })
      ids.add((request as { applicationId: string }).applicationId)
    }
    expect(ids.size).toBe(120)
  })
})
