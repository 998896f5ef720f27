import { expect, test } from 'vitest'
import { DEFAULT_REVIEW_POLICY } from '../../src/policy/review-policy.ts'
import { approve, buildTestApp } from '../support/app.ts'
import { act, DECLINED_PD, decideOne, outboxOf, REFERRED_PD, relayReviews, send, told } from '../support/reviewing.ts'

const MINUTE_MS = 60_000
const refer = () => approve(REFERRED_PD)
const decline = () => approve(DECLINED_PD)

test('a referred decision is before a person, with its reasons, its age and when it is due', async () => {
  let nowMs = Date.parse('2026-03-02T09:00:00Z')
  const service = await buildTestApp({ score: refer, clock: { nowMs: () => nowMs } })
  const anna = await service.reviewer('anna')
  const { decisionId, applicationId, reasons, links } = await decideOne(service)
  expect(links.review).toBe(`/v1/decisions/${decisionId}/review-requests`)
  nowMs += 90_000
  const page = await send(service, 'GET', '/v1/reviews', anna)
  expect(page.statusCode, page.body).toBe(200)
  expect(page.json().reviews).toEqual([
    {
      decisionId,
      state: 'open',
      cause: 'REFER',
      createdAt: '2026-03-02T09:00:00.000Z',
      dueAt: '2026-03-03T09:00:00.000Z',
      ageSeconds: 90,
      isOverdue: false,
      decision: expect.objectContaining({ applicationId, decision: 'REFER', amountMinor: 2_000_000, reasons }),
      links: expect.objectContaining({ self: `/v1/reviews/${decisionId}` })
    }
  ])
  nowMs += 24 * 60 * MINUTE_MS
  expect((await send(service, 'GET', `/v1/reviews/${decisionId}`, anna)).json().isOverdue).toBe(true)
})

test('what a crash between decision and review leaves is done by the next relay, once', async () => {
  const service = await buildTestApp({ score: refer })
  const { decisionId } = await decideOne(service)
  const [entry] = await outboxOf(service)
  expect(entry).toMatchObject({ kind: 'review.open', decisionId })
  await Promise.all([relayReviews(service), relayReviews(service)])
  expect(await service.reviews.count('alpha', Date.now())).toMatchObject({ open: 1, overdue: 0 })
})

test('a borrower asks for a person once, of a decision that did not grant all', async () => {
  const service = await buildTestApp({ score: (row) => approve(row[0] === 7 ? 0 : DECLINED_PD) })
  const { decisionId } = await decideOne(service)
  const ask = (id: string, who = service.alpha, payload: object = { reasonCode: 'INACCURATE_DATA' }) =>
    send(service, 'POST', `/v1/decisions/${id}/review-requests`, who, payload)
  const first = await ask(decisionId)
  expect(first.statusCode, first.body).toBe(202)
  const again = await ask(decisionId, service.alpha, {})
  expect(again.json()).toEqual(first.json())
  expect(told(await ask(decisionId, service.beta))).toBe('404 not_found')
  expect(told(await ask(decisionId, service.alpha, { reasonCode: 'I want it' }))).toBe('400 invalid_request')
  expect(told(await ask(decisionId, service.alpha, { text: 'please' }))).toBe('400 invalid_request')
  const anna = await service.reviewer('anna')
  const { reviews } = (await send(service, 'GET', '/v1/reviews?cause=REQUEST', anna)).json()
  expect(reviews).toMatchObject([{ decisionId, cause: 'REQUEST', requestCode: 'INACCURATE_DATA' }])
})

test('an approval of all that was asked for is not open to review', async () => {
  const service = await buildTestApp()
  const { decisionId, decision, reasons, links } = await decideOne(service)
  expect([decision, reasons, links.review]).toEqual(['APPROVE', [], undefined])
  const asked = await send(service, 'POST', `/v1/decisions/${decisionId}/review-requests`, service.alpha, {})
  expect(told(asked)).toBe('409 review_not_open')
})

test('a full queue refuses a borrower, and a referral has its place all the same', async () => {
  let pd = DECLINED_PD
  const service = await buildTestApp({ score: () => approve(pd), reviews: { maxOpen: 0 } })
  const declined = await decideOne(service)
  const asked = await send(service, 'POST', `/v1/decisions/${declined.decisionId}/review-requests`, service.alpha, {})
  expect(told(asked)).toBe('429 reviews_full')
  pd = REFERRED_PD
  const referred = await decideOne(service)
  const anna = await service.reviewer('anna')
  const { reviews } = (await send(service, 'GET', '/v1/reviews', anna)).json()
  expect(reviews.map(({ decisionId }: { decisionId: string }) => decisionId)).toEqual([referred.decisionId])
})

test('a review that has ended keeps no place in the queue', async () => {
  const service = await buildTestApp({ score: refer, reviews: { maxOpen: 1, retentionMs: 5 } })
  const open = (nowMs: number, decisionId: string) => {
    const asked = { tenant: 'alpha', applicationId: 'a', cause: 'REQUEST', nowMs, dueAtMs: nowMs + 60_000 } as const
    return service.reviews.open({ ...asked, decisionId })
  }
  const nowMs = Date.now()
  expect(await open(nowMs, '01a20b04-023e-7032-ba6a-6f2877a5bfec')).toBe('opened')
  expect(await open(nowMs, '01a20b04-023e-7032-ba6a-6f2877a5bfed')).toBe('full')
  expect(await open(nowMs + 60_006, '01a20b04-023e-7032-ba6a-6f2877a5bfed')).toBe('opened')
})

test('every open review is on exactly one page, those due first before the others', async () => {
  let nowMs = Date.parse('2026-03-02T09:00:00Z')
  const service = await buildTestApp({ score: refer, clock: { nowMs: () => nowMs } })
  const made: string[] = []
  for (let index = 0; index < 23; index++) {
    if (index % 3 === 0) nowMs += 1000
    made.push((await decideOne(service)).decisionId)
  }
  const anna = await service.reviewer('anna')
  for (const id of made.slice(0, 4)) await act(service, anna, id, 'claim')
  const read = async (filter: string) => {
    const found: { decisionId: string; dueAt: string; state: string }[] = []
    let after = ''
    for (let pages = 0; pages < 30; pages++) {
      const page = (await send(service, 'GET', `/v1/reviews?limit=5${filter}${after}`, anna)).json()
      found.push(...page.reviews)
      if (page.next === undefined) return found
      after = `&after=${page.next}`
    }
    throw new Error('no last page')
  }
  const all = await read('')
  expect(all.map(({ decisionId }) => decisionId).sort()).toEqual([...made].sort())
  expect(all.map(({ dueAt }) => dueAt)).toEqual(all.map(({ dueAt }) => dueAt).sort())
  expect((await read('&state=claimed')).map(({ decisionId }) => decisionId).sort()).toEqual(made.slice(0, 4).sort())
  expect(await read('&state=open')).toHaveLength(19)
  expect(await read('&state=done')).toEqual([])
})

test('a claim is one person’s until it runs out', async () => {
  let nowMs = Date.now()
  const service = await buildTestApp({ score: refer, clock: { nowMs: () => nowMs } })
  const [anna, bo] = [await service.reviewer('anna'), await service.reviewer('bo')]
  const { decisionId } = await decideOne(service)
  const claimed = await act(service, anna, decisionId, 'claim')
  expect(claimed.json()).toMatchObject({ state: 'claimed', claimedBy: 'anna' })
  expect(told(await act(service, bo, decisionId, 'claim'))).toBe('409 review_held')
  expect(told(await act(service, anna, decisionId, 'claim'))).toBe(200)
  nowMs += DEFAULT_REVIEW_POLICY.claimMinutes * MINUTE_MS
  const late = await act(service, anna, decisionId, 'decline', { reasonCodes: ['R101'] })
  expect(told(late)).toBe('409 review_not_claimed')
  expect(told(await act(service, bo, decisionId, 'claim'))).toBe(200)
  expect(told(await act(service, anna, decisionId, 'decline', { reasonCodes: ['R101'] }))).toBe(
    '409 review_not_claimed'
  )
})

test('another partner’s reviewer sees nothing of it, and a partner’s program cannot review', async () => {
  const service = await buildTestApp({ score: decline })
  const { decisionId } = await decideOne(service)
  await send(service, 'POST', `/v1/decisions/${decisionId}/review-requests`, service.alpha, {})
  const stranger = await service.reviewer('eve', 'beta')
  expect((await send(service, 'GET', '/v1/reviews', stranger)).json()).toEqual({ reviews: [] })
  expect(told(await send(service, 'GET', `/v1/reviews/${decisionId}`, stranger))).toBe('404 not_found')
  const body = { reasonCode: 'POLICY_EXCEPTION' }
  expect(told(await act(service, stranger, decisionId, 'claim'))).toBe('404 not_found')
  expect(told(await act(service, stranger, decisionId, 'approve', body))).toBe('404 not_found')
  for (const action of ['claim', 'approve', 'decline', 'return'])
    expect(told(await act(service, service.alpha, decisionId, action, body))).toBe('403 forbidden')
  expect(told(await send(service, 'GET', '/v1/reviews', service.alpha))).toBe('403 forbidden')
  const anna = await service.reviewer('anna')
  expect(told(await send(service, 'POST', '/v1/decisions', anna, {}))).toBe('403 forbidden')
  expect(told(await send(service, 'GET', `/v1/decisions/${decisionId}`, anna))).toBe(200)
})

test.each([
  ['/v1/reviews?state=lost', 400],
  ['/v1/reviews?limit=0', 400],
  ['/v1/reviews?limit=51', 400],
  ['/v1/reviews?after=yesterday', 400],
  ['/v1/reviews?colour=red', 400],
  ['/v1/reviews/not-an-id', 400],
  ['/v1/reviews/01a20b04-023e-7032-ba6a-6f2877a5bfec', 404]
])('GET %s is %i', async (url, status) => {
  const service = await buildTestApp()
  const anna = await service.reviewer('anna')
  expect((await send(service, 'GET', url, anna)).statusCode).toBe(status)
})
