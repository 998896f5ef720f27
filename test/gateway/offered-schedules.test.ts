import { describe, expect, test } from 'vitest'
import type { Decision } from '../../src/domain/decision.ts'
import { application, buildTestApp, postDecision } from '../support/app.ts'

/** A loan that is paid out of an approval; what its event tells beside the loan’s id and term. */
async function paidOut(toData: (decision: Decision) => object) {
  const service = await buildTestApp()
  const { app, alpha } = service
  const asked = application()
  const decision = (await postDecision(service, asked)).json<Decision>()
  const data = { loanId: 'L1', termDays: 30, ...toData(decision) }
  const event = {
    eventId: 'd1',
    type: 'loan.disbursed',
    occurredAtMs: Date.now(),
    applicantId: asked.applicantId,
    data
  }
  const post = () => app.inject({ method: 'POST', url: '/v1/events', headers: alpha, payload: event })
  expect([(await post()).statusCode, (await post()).statusCode]).toEqual([202, 202])
  const loan = (await app.inject({ url: '/v1/loans/L1', headers: alpha })).json()
  return { loan, offer: decision.offers[0]! }
}

describe('the schedule of a loan that is paid out of an approval', () => {
  test('is that of the offer it names', async () => {
    const { loan, offer } = await paidOut(({ offers }) => ({ offerId: offers[0]?.offerId }))
    expect(loan).toMatchObject({ isPlanTold: true, currency: 'NGN', principalMinor: offer.amountMinor, events: 1 })
    expect(
      loan.schedule.map(({ dueDate, principalMinor, interestMinor }: Decision['offers'][0]['schedule'][0]) => [
        dueDate,
        principalMinor,
        interestMinor
      ])
    ).toEqual(
      offer.schedule.map(({ dueDate, principalMinor, interestMinor }) => [dueDate, principalMinor, interestMinor])
    )
  })

  test('is not that of an offer of another amount, nor of a decision that is not there', async () => {
    const other = await paidOut(({ offers }) => ({ offerId: offers[0]?.offerId, principalMinor: 77 }))
    expect(other.loan).toMatchObject({ isPlanTold: false, principalMinor: 77 })
    const none = await paidOut(() => ({ decisionId: '01890a5d-ac96-7001-8f00-0123456789ab' }))
    expect(none.loan).toMatchObject({ isPlanTold: false })
  })

  test('is its own where the event tells one', async () => {
    const schedule = [{ dueDate: '2030-01-31', principalMinor: 100, interestMinor: 3 }]
    const { loan } = await paidOut(({ decisionId }) => ({ decisionId, schedule }))
    expect(loan.schedule).toMatchObject([{ dueDate: '2030-01-31', principalMinor: 100 }])
  })
})
