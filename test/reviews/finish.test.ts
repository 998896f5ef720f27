import { expect, test } from 'vitest'
import { CONSENTS } from '../../src/domain/application.ts'
import { DEFAULT_REVIEW_POLICY } from '../../src/policy/review-policy.ts'
import { createRedisReviewStore } from '../../src/reviews/redis-review-store.ts'
import { application, approve, buildTestApp, postDecision, type TestApp } from '../support/app.ts'
import {
  type Authorization,
  act,
  DECLINED_PD,
  decideOne,
  outboxOf,
  REFERRED_PD,
  relayReviews,
  send,
  told
} from '../support/reviewing.ts'

const refer = () => approve(REFERRED_PD)
const APPROVE = { reasonCode: 'INCOME_VERIFIED' } as const

async function claimed(
  options: Parameters<typeof buildTestApp>[0] = {},
  changes: Parameters<typeof application>[0] = {}
) {
  const service = await buildTestApp({ score: refer, ...options })
  const anna = await service.reviewer('anna')
  const request = application(changes)
  const first = await postDecision(service, request)
  await relayReviews(service)
  const { decisionId } = first.json()
  await send(service, 'POST', `/v1/decisions/${decisionId}/review-requests`, service.alpha, {})
  await act(service, anna, decisionId, 'claim')
  return { service, anna, request, first, decisionId }
}

const read = (service: TestApp, id: string, who: Authorization = service.alpha) =>
  send(service, 'GET', `/v1/decisions/${id}`, who)

test('an approval by a person is the next decision of the application; the first keeps its bytes and names it', async () => {
  const { service, anna, request, first, decisionId } = await claimed()
  const approved = await act(service, anna, decisionId, 'approve', { ...APPROVE, noteCode: 'CALL-1' })
  expect(approved.statusCode, approved.body).toBe(200)
  const decision = approved.json()
  expect(decision).toMatchObject({
    decision: 'APPROVE',
    round: 2,
    previousDecisionId: decisionId,
    decidedBy: 'HUMAN',
    applicationId: request.applicationId
  })
  expect(decision.offers.length).toBeGreaterThan(0)
  const before = await read(service, decisionId)
  expect(before.body).toBe(first.body)
  expect(before.headers.link).toBe(
    `</v1/decisions/${decision.decisionId}>; rel="successor-version", </v1/decisions/${decision.decisionId}>; rel="latest-version"`
  )
  const after = await read(service, decision.decisionId)
  expect([after.body, after.headers.link]).toEqual([approved.body, undefined])
  const again = await postDecision(service, request)
  expect([again.body, again.headers['idempotent-replay']]).toEqual([first.body, 'true'])
  expect(again.headers.link, 'who sends the application again is told what took its place').toBe(before.headers.link)
  const rounds = await send(service, 'GET', `/v1/decisions/${decision.decisionId}/rounds`, service.alpha)
  expect(rounds.json().rounds.map((round: { decisionId: string }) => round.decisionId)).toEqual([
    decisionId,
    decision.decisionId
  ])
  const review = (await send(service, 'GET', `/v1/reviews/${decisionId}`, anna)).json()
  expect(review).toMatchObject({
    state: 'done',
    finished: { action: 'approve', by: 'anna', noteCode: 'CALL-1', nextDecisionId: decision.decisionId }
  })
  expect((await send(service, 'GET', '/v1/reviews?state=done', anna)).json().reviews).toHaveLength(1)
  expect((await send(service, 'GET', '/v1/reviews', anna)).json()).toEqual({ reviews: [] })
})

test('an approval by a person is in the ledger, monitored, told and held against the limit like any other', async () => {
  const { service, anna, decisionId } = await claimed()
  const decision = (await act(service, anna, decisionId, 'approve', APPROVE)).json()
  const entries = await outboxOf(service)
  expect(entries).toContainEqual({ decisionId: decision.decisionId, tenant: 'alpha', utcOffsetMinutes: 60 })
  const partition = Number.parseInt(decisionId.slice(15, 18), 16)
  const ledger = await service.redis.xrange(service.keys.ledger(partition), '-', '+')
  expect(ledger.map(([, fields]) => fields[1])).toContain(decision.decisionId)
  const stored = await service.store.read('alpha', decisionId)
  const token = JSON.parse(stored?.record ?? '').application.refs.applicant
  const held = JSON.parse((await service.redis.get(service.keys.exposure(partition, 'alpha', token))) ?? '{}')
  expect(Object.keys(held.r)).toEqual([decision.decisionId])
  const emitted: string[] = []
  await relayReviews(service, async ({ type, data }) => void emitted.push(`${type} ${data.decisionId}`))
  expect(emitted).toEqual([`decision.updated ${decision.decisionId}`, `review.completed ${decision.decisionId}`])
  expect(await service.reviews.count('alpha', Date.now())).toMatchObject({ open: 0 })
})

test('of two people who finish at once one does, and the same person again gets what was decided', async () => {
  const { service, anna, decisionId } = await claimed()
  const said = await Promise.all([
    act(service, anna, decisionId, 'approve', APPROVE),
    act(service, anna, decisionId, 'decline', { reasonCodes: ['R101'] }),
    act(service, anna, decisionId, 'return', { reasonCode: 'EVIDENCE_MISSING', nextActions: ['STEP_UP_OTP'] })
  ])
  expect(said.map(told).filter((each) => each === 200)).toHaveLength(1)
  expect(
    said.map(told).filter((each) => each === '409 review_held' || each === '409 decision_superseded')
  ).toHaveLength(2)
  const winner = said.find(({ statusCode }) => statusCode === 200)
  const { action } = (await send(service, 'GET', `/v1/reviews/${decisionId}`, anna)).json().finished
  const body = { approve: APPROVE, decline: { reasonCodes: ['R101'] } }[action as 'approve' | 'decline'] ?? {
    reasonCode: 'EVIDENCE_MISSING',
    nextActions: ['STEP_UP_OTP']
  }
  const again = await act(service, anna, decisionId, action, body)
  expect([again.body, again.headers['idempotent-replay']]).toEqual([winner?.body, 'true'])
  expect((await service.reviews.rounds('alpha', decisionId, winner?.json().applicationId)).length).toBe(2)
  const bo = await service.reviewer('bo')
  expect(told(await act(service, bo, decisionId, action, body))).toBe('409 review_held')
})

test('two people race for one review: only the one who claimed it decides', async () => {
  const service = await buildTestApp({ score: refer })
  const { decisionId } = await decideOne(service)
  const people = await Promise.all(['anna', 'bo', 'cai', 'dee'].map((name) => service.reviewer(name)))
  const claims = await Promise.all(people.map((who) => act(service, who, decisionId, 'claim')))
  expect(claims.map(told).sort()).toEqual([200, '409 review_held', '409 review_held', '409 review_held'])
  const said = await Promise.all(people.map((who) => act(service, who, decisionId, 'approve', APPROVE)))
  expect(said.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
})

test('from a set amount on a second person must approve too, and no more than the first did', async () => {
  const secondPersonFromMinor = [{ product: 'cash' as const, amountMinor: 1_000_000 }]
  const { service, anna, decisionId } = await claimed({ review: { ...DEFAULT_REVIEW_POLICY, secondPersonFromMinor } })
  const first = await act(service, anna, decisionId, 'approve', { ...APPROVE, amountMinor: 1_500_000 })
  expect(first.statusCode, first.body).toBe(202)
  expect(first.json()).toMatchObject({ state: 'second', firstApproval: { by: 'anna', amountMinor: 1_500_000 } })
  expect(told(await act(service, anna, decisionId, 'claim'))).toBe('409 review_held')
  expect(told(await act(service, anna, decisionId, 'approve', APPROVE))).toBe('409 review_not_claimed')
  const sameAnna = await service.reviewer('anna')
  expect(told(await act(service, sameAnna, decisionId, 'claim'))).toBe('409 review_held')
  const bo = await service.reviewer('bo')
  expect(told(await act(service, bo, decisionId, 'claim'))).toBe(200)
  const more = await act(service, bo, decisionId, 'approve', { ...APPROVE, amountMinor: 1_600_000 })
  expect(told(more)).toBe('409 review_not_allowed')
  const second = await act(service, bo, decisionId, 'approve', APPROVE)
  expect(second.statusCode, second.body).toBe(200)
  expect(second.json().offers[0].amountMinor).toBe(1_500_000)
  const { record } = (await service.store.read('alpha', second.json().decisionId)) ?? { record: '{}' }
  expect(JSON.parse(record).review).toMatchObject({ by: 'bo', first: 'anna', action: 'approve' })
})

test('below that amount one person is enough', async () => {
  const secondPersonFromMinor = [{ product: 'cash' as const, amountMinor: 1_000_000 }]
  const { service, anna, decisionId } = await claimed({ review: { ...DEFAULT_REVIEW_POLICY, secondPersonFromMinor } })
  const approved = await act(service, anna, decisionId, 'approve', { ...APPROVE, amountMinor: 950_000 })
  expect([approved.statusCode, approved.json().reasons[0].code]).toEqual([200, 'R302'])
})

test.each([
  ['a minor', { applicant: { birthYear: new Date().getUTCFullYear() - 17 } }, {}, 'R201'],
  ['a prohibited purpose', { purpose: 'securities' as const }, {}, 'R203'],
  ['more than the limit', {}, { amountMinor: 3_000_000 }, 'R302'],
  ['less than the product has', {}, { amountMinor: 100_000 }, 'R320'],
  ['more than the income carries', { applicant: { birthYear: 1990, monthlyIncomeMinor: 10_000 } }, {}, 'R301']
])('a person may not approve %s', async (_, changes, said, code) => {
  const asked = { amountMinor: 4_000_000, ...changes }
  const { service, anna, decisionId } = await claimed({}, asked)
  const answer = await act(service, anna, decisionId, 'approve', { ...APPROVE, ...said })
  expect(told(answer), answer.body).toBe('409 review_not_allowed')
  expect(answer.json().errors).toEqual([{ field: '/reasons', problem: code }])
  const declined = await act(service, anna, decisionId, 'decline', { reasonCodes: ['R140', 'R130'] })
  expect(declined.json()).toMatchObject({
    decision: 'DECLINE',
    decidedBy: 'HUMAN',
    reasons: [{ code: 'R140' }, { code: 'R130' }]
  })
})

test('an approval against the policy is counted as an override, a decline of a referral is not', async () => {
  const { service, anna, decisionId } = await claimed({ score: () => approve(DECLINED_PD) })
  await act(service, anna, decisionId, 'approve', APPROVE)
  const text = await service.metrics.registry.metrics()
  expect(text).toContain('credit_manual_overrides_total{product="cash",direction="up"} 1')
  expect(text).toContain(
    'credit_reviews_finished_total{product="cash",decision="DECLINE",action="approve",in_time="yes"} 1'
  )
})

test('a person returns an application with what the borrower is to send', async () => {
  const { service, anna, decisionId } = await claimed()
  const body = { reasonCode: 'EVIDENCE_MISSING', nextActions: ['STEP_UP_INCOME_PROOF'] }
  const returned = (await act(service, anna, decisionId, 'return', body)).json()
  expect(returned).toMatchObject({
    decision: 'REFER',
    nextActions: [{ type: 'STEP_UP_INCOME_PROOF', attemptsLeft: DEFAULT_REVIEW_POLICY.stepUpAttempts }]
  })
})

test.each([
  ['approve', {}],
  ['approve', { reasonCode: 'BECAUSE' }],
  ['approve', { reasonCode: 'INCOME_VERIFIED', note: 'met her in person' }],
  ['approve', { reasonCode: 'INCOME_VERIFIED', noteCode: 'met her in person' }],
  ['approve', { reasonCode: 'INCOME_VERIFIED', amountMinor: 9_000_000 }],
  ['approve', { reasonCode: 'INCOME_VERIFIED', amountMinor: 0 }],
  ['decline', { reasonCodes: [] }],
  ['decline', { reasonCodes: ['SYS_OVERLOAD'] }],
  ['decline', { reasonCodes: ['R903'] }],
  ['return', { reasonCode: 'EVIDENCE_MISSING', nextActions: [] }]
])('%s %j is refused and the review stays open', async (action, body) => {
  const { service, anna, decisionId } = await claimed()
  expect(told(await act(service, anna, decisionId, action, body))).toBe('400 invalid_request')
  expect((await send(service, 'GET', `/v1/reviews/${decisionId}`, anna)).json().state).toBe('claimed')
})

test('after a person has decided the borrower asks nobody else, and a late referral opens nothing', async () => {
  const { service, anna, decisionId } = await claimed()
  const declined = (await act(service, anna, decisionId, 'decline', { reasonCodes: ['R101'] })).json()
  const ask = (id: string) => send(service, 'POST', `/v1/decisions/${id}/review-requests`, service.alpha, {})
  expect(told(await ask(decisionId))).toBe('409 decision_superseded')
  expect(told(await ask(declined.decisionId))).toBe('409 review_not_open')
  await service.redis.del(service.keys.review(Number.parseInt(decisionId.slice(15, 18), 16), 'alpha', decisionId))
  await relayReviews(service)
  expect(await service.reviews.count('alpha', Date.now())).toMatchObject({ open: 0 })
})

test('cancelling a decision that a person put another in the place of leaves the limit held by the other', async () => {
  const { service, anna, request, decisionId } = await claimed({ score: () => approve() }, { amountMinor: 4_000_000 })
  const next = (await act(service, anna, decisionId, 'approve', APPROVE)).json()
  const cancel = (id: string) => send(service, 'POST', `/v1/decisions/${id}/cancel`, service.alpha)
  const more = async () => {
    const again = application({ applicantId: request.applicantId, amountMinor: 2_000_000 })
    return (await postDecision(service, again)).json().decision
  }
  expect((await cancel(decisionId)).statusCode).toBe(200)
  expect(await more()).toBe('DECLINE')
  expect((await cancel(next.decisionId)).statusCode).toBe(200)
  expect(await more()).toBe('APPROVE')
})

test('a frozen limit stands above a person, and a reduced one is as much less for a person', async () => {
  const { service, anna, decisionId } = await claimed()
  const partition = Number.parseInt(decisionId.slice(15, 18), 16)
  const { record = '' } = (await service.store.read('alpha', decisionId)) ?? {}
  const key = service.keys.standing(partition, 'alpha', JSON.parse(record).application.refs.applicant)
  const stands = (state: string, limitFactor: number) =>
    service.redis.set(
      key,
      JSON.stringify({ state, limitFactor, sinceMs: 0, untilMs: Date.now() + 60_000, reasons: [] })
    )
  await stands('frozen', 1)
  const frozen = await act(service, anna, decisionId, 'approve', APPROVE)
  expect([told(frozen), frozen.json().errors]).toEqual([
    '409 review_not_allowed',
    [{ field: '/reasons', problem: 'R304' }]
  ])
  await stands('reduced', 0.5)
  const reduced = (await act(service, anna, decisionId, 'approve', APPROVE)).json()
  expect(reduced.limit).toEqual({ currency: 'NGN', amountMinor: 1_000_000, bindingConstraint: 'STANDING' })
  expect(reduced.reasons.map(({ code }: { code: string }) => code)).toEqual(['R304'])
})

test('an approval by a person keeps what it was made with, not what the decision before it was made with', async () => {
  let pd = REFERRED_PD
  const { service, anna, request, decisionId } = await claimed({ score: () => approve(pd) }, { amountMinor: 1_000_000 })
  pd = 0.05
  await postDecision(service, application({ applicantId: request.applicantId, amountMinor: 600_000 }))
  const next = (await act(service, anna, decisionId, 'approve', APPROVE)).json()
  const owedIn = async (id: string) => JSON.parse((await service.store.read('alpha', id))?.record ?? '').exposureMinor
  expect([await owedIn(decisionId), await owedIn(next.decisionId)]).toEqual([0, 600_000])
})

test('an approval by a person keeps what the rule packs came to at its own instant', async () => {
  const consumer = { product: 'consumer', currency: 'CNY', amountMinor: 900_000, consents: [...CONSENTS] } as const
  const applicant = { birthYear: 1990, monthlyIncomeMinor: 200_000 }
  const asked = { ...consumer, term: { count: 12, unit: 'month' as const }, applicant, consents: [...CONSENTS] }
  const { service, anna, request, decisionId } = await claimed({}, asked)
  const data = { loanId: 'l', termDays: 30, principalMinor: 100_000, currency: 'CNY' }
  const event = { eventId: 'e', type: 'loan.disbursed', occurredAtMs: Date.now(), data }
  await send(service, 'POST', '/v1/events', service.alpha, { ...event, applicantId: request.applicantId })
  const next = (await act(service, anna, decisionId, 'approve', APPROVE)).json()
  expect(next.decision, JSON.stringify(next)).toBe('APPROVE')
  const rulesIn = async (id: string) => JSON.parse((await service.store.read('alpha', id))?.record ?? '').rules
  const [before, after] = [await rulesIn(decisionId), await rulesIn(next.decisionId)]
  const leftBy = ({ results }: typeof before) => results['CN.DRAFT2020.INCOME_THIRD'].capMinor
  expect([leftBy(before), leftBy(after)]).toEqual([799_999, 699_999])
  expect(next.trace.rulePacks).toEqual(after.packs)
})

test('a paused portfolio stands above a person too, and a tightened one leaves a person a part of the limit', async () => {
  let limitShare = 0
  const { service, anna, decisionId } = await claimed({
    restraintOf: () => ({ limitShare, by: ['daily-budget.cash'] })
  })
  const paused = await act(service, anna, decisionId, 'approve', APPROVE)
  expect([told(paused), paused.json().errors]).toEqual([
    '409 review_not_allowed',
    [{ field: '/reasons', problem: 'R902' }]
  ])
  limitShare = 0.5
  const tightened = (await act(service, anna, decisionId, 'approve', APPROVE)).json()
  expect(tightened.limit).toEqual({ currency: 'NGN', amountMinor: 1_000_000, bindingConstraint: 'PORTFOLIO' })
})

test('a commit that Redis does not answer may have been made, one that it refuses was not', async () => {
  const { redis, keys } = await buildTestApp()
  const round = {
    tenant: 'alpha',
    applicationId: 'a',
    previousDecisionId: '01a20b04-023e-7032-ba6a-6f2877a5bfec',
    decisionId: '01a20b04-023e-7032-ba6a-6f2877a5bfed',
    value: Buffer.from('{}'),
    outbox: [],
    applicant: 'token',
    hold: undefined,
    nowMs: 1,
    reviewer: 'anna',
    confirms: undefined,
    action: 'decline',
    reasonCode: 'R101',
    noteCode: ''
  } as const
  const { commit } = createRedisReviewStore({ redis, keys, retentionMs: 60_000 })
  await redis.set(keys.rounds(50, 'alpha', 'a'), 'no list')
  await expect(commit(round)).rejects.toMatchObject({ code: 'store_unavailable' })
  redis.disconnect()
  await expect(commit(round)).rejects.toMatchObject({ code: 'outcome_unknown' })
})
