import { describe, expect, test } from 'vitest'
import type { Decision } from '../../src/domain/decision.ts'
import { application, buildTestApp, postDecision, type TestApp } from '../support/app.ts'

const DAY_MS = 86_400_000
/** Of a first loan in the policy. */
const LIMIT_MINOR = 2_000_000
/** Of somebody who has had one. */
const LATER_LIMIT_MINOR = 6_000_000

let serial = 0
const newPerson = () => `exposed-${process.pid}-${++serial}`

const decideFor = async (service: TestApp, applicantId: string, amountMinor: number): Promise<Decision> => {
  const answer = await postDecision(service, application({ applicantId, amountMinor }))
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json<Decision>()
}
const offeredMinor = ({ offers }: Decision) => Math.max(0, ...offers.map(({ amountMinor }) => amountMinor))

const tell = async (
  service: TestApp,
  applicantId: string,
  type: string,
  data: object,
  eventId = `${type}-${++serial}`
) => {
  const payload = { eventId, type, applicantId, occurredAtMs: Date.now(), data }
  const answer = await service.app.inject({ method: 'POST', url: '/v1/events', headers: service.alpha, payload })
  expect(answer.statusCode, answer.body).toBe(202)
}

/** What somebody could still be offered, as an application for the most says; it takes nothing of it. */
const roomOf = async (service: TestApp, applicantId: string): Promise<number> => {
  const decision = await decideFor(service, applicantId, LIMIT_MINOR)
  if (decision.decision !== 'APPROVE') return 0
  await tell(service, applicantId, 'application.withdrawn', { applicationId: decision.applicationId })
  return offeredMinor(decision)
}

describe('what somebody owes or was offered', () => {
  test('is below the limit however many applications come at once', async () => {
    const service = await buildTestApp()
    const person = newPerson()
    const asked = Array.from({ length: 5 }, (_, index) => decideFor(service, person, 500_000 + index * 100_000))
    const decisions = await Promise.all(asked)
    const offered = decisions.reduce((sum, decision) => sum + offeredMinor(decision), 0)
    expect(offered).toBeLessThanOrEqual(LIMIT_MINOR)
    expect(offered).toBeGreaterThan(0)
    const refused = decisions.filter(({ decision }) => decision !== 'APPROVE')
    expect(refused.length).toBeGreaterThan(0)
    for (const { decision, reasons } of refused) {
      const codes = reasons.map(({ code }) => code)
      expect([
        ['DECLINE', 'R303'],
        ['REFER', 'SYS_EXPOSURE_CONTENDED'],
        ['REFER', 'R501']
      ]).toContainEqual([decision, ...codes])
    }
  })

  test('binds the next limit, and says so', async () => {
    const service = await buildTestApp()
    const person = newPerson()
    await decideFor(service, person, 1_200_000)
    const next = await decideFor(service, person, LIMIT_MINOR)
    expect(next.limit).toEqual({ currency: 'NGN', amountMinor: 800_000, bindingConstraint: 'EXPOSURE' })
    expect([next.decision, offeredMinor(next)]).toEqual(['APPROVE', 800_000])
    const last = await decideFor(service, person, LIMIT_MINOR)
    expect([last.decision, last.reasons.map(({ code }) => code)]).toEqual(['DECLINE', ['R303']])
  })

  test('is another person’s business, and another partner’s', async () => {
    const service = await buildTestApp()
    const person = newPerson()
    await decideFor(service, person, LIMIT_MINOR)
    expect(offeredMinor(await decideFor(service, newPerson(), LIMIT_MINOR))).toBe(LIMIT_MINOR)
    const payload = application({ applicantId: person, amountMinor: LIMIT_MINOR })
    const other = await service.app.inject({ method: 'POST', url: '/v1/decisions', headers: service.beta, payload })
    expect(offeredMinor(other.json<Decision>())).toBe(LIMIT_MINOR)
  })

  test('ends with the offer when the borrower withdraws, whoever sends it twice', async () => {
    const service = await buildTestApp()
    const person = newPerson()
    const { decisionId, applicationId } = await decideFor(service, person, LIMIT_MINOR)
    expect(await roomOf(service, person)).toBe(0)
    for (let time = 0; time < 2; time++)
      await tell(service, person, 'application.withdrawn', { applicationId, decisionId }, 'withdrawn')
    expect(await roomOf(service, person)).toBe(LIMIT_MINOR)
  })

  test('ends with the offer when a front-end cancels it, however often; another partner’s is not found', async () => {
    const service = await buildTestApp()
    const person = newPerson()
    const { decisionId } = await decideFor(service, person, LIMIT_MINOR)
    const cancel = (headers = service.alpha, id = decisionId) =>
      service.app.inject({ method: 'POST', url: `/v1/decisions/${id}/cancel`, headers })
    expect((await cancel(service.beta)).statusCode).toBe(404)
    const refused = await decideFor(service, person, LIMIT_MINOR)
    expect((await cancel(service.alpha, refused.decisionId)).json()).toMatchObject({ cancelled: false, paidOut: false })
    expect(await roomOf(service, person)).toBe(0)
    for (let time = 0; time < 2; time++) {
      const answer = await cancel()
      expect([answer.statusCode, answer.json()]).toEqual([200, { decisionId, cancelled: true, paidOut: false }])
    }
    expect(await roomOf(service, person)).toBe(LIMIT_MINOR)
  })

  test.each(['decisionId', 'offerId'])(
    'stays when a loan was paid out by its %s: a cancellation says so',
    async (link) => {
      const service = await buildTestApp()
      const person = newPerson()
      const { decisionId, offers } = await decideFor(service, person, LIMIT_MINOR)
      const other = await decideFor(service, newPerson(), LIMIT_MINOR)
      const cancel = async (id: string) =>
        (await service.app.inject({ method: 'POST', url: `/v1/decisions/${id}/cancel`, headers: service.alpha })).json()
      const links = { decisionId, offerId: offers[0]?.offerId }
      const paid = { loanId: 'loan-1', termDays: 30, principalMinor: LIMIT_MINOR, [link]: links[link as 'offerId'] }
      await tell(service, person, 'loan.disbursed', { loanId: 'loan-0', termDays: 30, principalMinor: 1 })
      await tell(service, person, 'loan.disbursed', paid)
      const room = await roomOf(service, person)
      for (let time = 0; time < 2; time++)
        expect(await cancel(decisionId)).toEqual({ decisionId, cancelled: true, paidOut: true })
      expect(await roomOf(service, person)).toBe(room)
      expect(await cancel(other.decisionId)).toMatchObject({ cancelled: true, paidOut: false })
    }
  )

  test('ends with the validity of the offer', async () => {
    let nowMs = Date.now()
    const service = await buildTestApp({ clock: { nowMs: () => nowMs } })
    const person = newPerson()
    const { validUntil } = await decideFor(service, person, LIMIT_MINOR)
    nowMs = Date.parse(validUntil as string)
    expect(await roomOf(service, person)).toBe(0)
    nowMs += DAY_MS
    expect(await roomOf(service, person)).toBe(LIMIT_MINOR)
  })

  test('is what was paid out from then on, and no more than can be left of it after each payment', async () => {
    const service = await buildTestApp()
    const person = newPerson()
    const { decisionId, offers } = await decideFor(service, person, LIMIT_MINOR)
    const [{ totalRepayableMinor = 0 } = {}] = offers
    const limitNow = async () => {
      const { limit, applicationId } = await decideFor(service, person, 500_000)
      await tell(service, person, 'application.withdrawn', { applicationId })
      return limit?.amountMinor
    }
    const paidOut = { loanId: 'l', principalMinor: LIMIT_MINOR, termDays: 30, decisionId }
    for (let time = 0; time < 2; time++) await tell(service, person, 'loan.disbursed', paidOut, `paid-${person}`)
    expect(await limitNow()).toBe(LATER_LIMIT_MINOR - LIMIT_MINOR)
    const payment = { loanId: 'l', instalmentNo: 1, dueAtMs: Date.now(), amountMinor: 600_000 }
    for (let time = 0; time < 2; time++) await tell(service, person, 'repayment.received', payment, `r1-${person}`)
    const left = totalRepayableMinor - 600_000
    expect(await limitNow()).toBe(Math.floor((LATER_LIMIT_MINOR - left) / 50_000) * 50_000)
  })

  test('is nothing of a loan that is closed, also when its payout is told last', async () => {
    const service = await buildTestApp()
    const person = newPerson()
    const closed = { loanId: 'l', disbursedAtMs: Date.now() - DAY_MS, dueAtMs: Date.now() }
    await tell(service, person, 'loan.closed', closed)
    await tell(service, person, 'loan.disbursed', { loanId: 'l', principalMinor: LIMIT_MINOR, termDays: 30 })
    expect((await decideFor(service, person, LIMIT_MINOR)).limit?.bindingConstraint).not.toBe('EXPOSURE')
  })
})
