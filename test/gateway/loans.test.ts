import { describe, expect, test } from 'vitest'
import { buildTestApp } from '../support/app.ts'

const AT = Date.parse('2026-01-01T12:00:00Z')
const DAY_MS = 86_400_000
const disbursal = {
  eventId: 'd1',
  type: 'loan.disbursed',
  occurredAtMs: AT,
  applicantId: 'person-1',
  data: {
    loanId: 'L1',
    termDays: 60,
    schedule: [
      { dueDate: '2026-01-31', principalMinor: 100, interestMinor: 10 },
      { dueDate: '2026-03-02', principalMinor: 100, interestMinor: 5 }
    ]
  }
}
const payment = {
  eventId: 'p1',
  type: 'repayment.received',
  occurredAtMs: AT + 32 * DAY_MS,
  applicantId: 'person-1',
  data: { loanId: 'L1', instalmentNo: 1, dueAtMs: AT + 30 * DAY_MS, amountMinor: 110 }
}

async function withLoan() {
  const service = await buildTestApp({ clock: { nowMs: () => AT + 40 * DAY_MS } })
  const { app, alpha, beta } = service
  const posted = await app.inject({
    method: 'POST',
    url: '/v1/events',
    headers: alpha,
    payload: { events: [payment, disbursal] }
  })
  expect(posted.statusCode).toBe(202)
  const get = (url: string, headers = alpha) => app.inject({ url, headers })
  return { get, beta }
}

describe('the loan book by HTTP', () => {
  test('a loan is read as it stands and as it stood, right after its events were accepted', async () => {
    const { get } = await withLoan()
    const now = await get('/v1/loans/L1')
    expect(now.json()).toMatchObject({
      loanId: 'L1',
      state: 'active',
      paidMinor: 110,
      balanceMinor: 100,
      owedMinor: 105,
      daysPastDue: 0,
      worstDaysPastDue: 2,
      bucket: 'M0',
      stage: 1,
      schedule: [
        { no: 1, dueDate: '2026-01-31', paidMinor: 110, daysLate: 2 },
        { no: 2, dueDate: '2026-03-02', paidMinor: 0, paidAtMs: null }
      ]
    })
    expect((await get(`/v1/loans/L1?asOfMs=${AT + 31 * DAY_MS}`)).json()).toMatchObject({
      daysPastDue: 1,
      bucket: 'M1'
    })
  })

  test('an applicant’s loans are found by the partner’s own id of the person', async () => {
    const { get } = await withLoan()
    expect((await get('/v1/applicants/person-1/loans')).json()).toMatchObject({ loans: [{ loanId: 'L1' }] })
    expect((await get('/v1/applicants/person-1/loans?after=L1')).json()).toEqual({ loans: [] })
    expect((await get('/v1/applicants/person-2/loans')).json()).toEqual({ loans: [] })
  })

  test('another partner finds neither the loan nor the person', async () => {
    const { get, beta } = await withLoan()
    expect((await get('/v1/loans/L1', beta)).statusCode).toBe(404)
    expect((await get('/v1/applicants/person-1/loans', beta)).json()).toEqual({ loans: [] })
  })

  test('a loan that is unknown or was not paid out by then is 404, and a time that is none is 400', async () => {
    const { get } = await withLoan()
    expect((await get('/v1/loans/L2')).statusCode).toBe(404)
    expect((await get(`/v1/loans/L1?asOfMs=${AT - 1}`)).statusCode).toBe(404)
    expect((await get('/v1/loans/L1?asOfMs=yesterday')).statusCode).toBe(400)
  })
})
