import { describe, expect, test } from 'vitest'
import type { Decision } from '../../src/domain/decision.ts'
import { loadLenders } from '../../src/notices/lenders.ts'
import { composeNotice } from '../../src/notices/notice.ts'
import { noticeHtml } from '../../src/notices/notice-html.ts'
import { approve, buildTestApp } from '../support/app.ts'
import { act, DECLINED_PD, decideOne, send, told } from '../support/reviewing.ts'

const noticeOf = (decisionId: string, query = '') => `/v1/decisions/${decisionId}/notice${query}`

describe('the adverse action notice', () => {
  test('says the decision, its stored reasons, sources, rights and complaints, in both languages', async () => {
    const service = await buildTestApp({ score: () => approve(DECLINED_PD) })
    const { decisionId, decidedAt, reasons, links } = await decideOne(service)
    expect(links.notice).toBe(noticeOf(decisionId))
    for (const lang of ['zh', 'en'] as const) {
      const answer = await send(service, 'GET', noticeOf(decisionId, `?lang=${lang}`), service.alpha)
      expect(answer.statusCode, answer.body).toBe(200)
      expect(answer.headers['content-language']).toBe(lang)
      const notice = answer.json()
      expect(notice).toMatchObject({ decisionId, decision: 'DECLINE', decidedAt, language: lang })
      expect(reasons.length).toBeGreaterThan(0)
      expect(notice.reasons).toEqual(reasons.map(({ code, text }) => ({ code, text: text[lang] })))
      expect(notice.rights).toHaveLength(3)
      expect(notice.rights[1].link).toBe(`/v1/decisions/${decisionId}/review-requests`)
      expect([notice.sources.length > 0, notice.complaints.email]).toEqual([true, 'complaints@lender.example'])
      expect(notice.score).toBeUndefined()
    }
    const page = await send(service, 'GET', noticeOf(decisionId, '?lang=en&format=html'), service.alpha)
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.body).toContain(reasons[0]?.text.en ?? '-')
    const [first, again] = [await noticeBytes(), await noticeBytes()]
    expect(first).toBe(again)
    async function noticeBytes() {
      return (await send(service, 'GET', noticeOf(decisionId), service.alpha)).body
    }
  })

  test('is the same after a later round took its place, and the later one has its own', async () => {
    const service = await buildTestApp({ score: () => approve(0.3) })
    const anna = await service.reviewer('anna')
    const { decisionId } = await decideOne(service)
    const before = (await send(service, 'GET', noticeOf(decisionId), service.alpha)).body
    await act(service, anna, decisionId, 'claim')
    const next = (await act(service, anna, decisionId, 'decline', { reasonCodes: ['R140'] })).json()
    expect((await send(service, 'GET', noticeOf(decisionId), service.alpha)).body).toBe(before)
    const after = (await send(service, 'GET', noticeOf(next.decisionId, '?lang=en'), service.alpha)).json()
    expect(after.reasons).toEqual([{ code: 'R140', text: next.reasons[0].text.en }])
    expect(after.rights[1].link).toBeUndefined()
  })

  test('there is none of a full approval, nor for another partner, and only known languages', async () => {
    const service = await buildTestApp({ score: (row) => approve(row.length > 0 ? 0.05 : 0) })
    const { decisionId } = await decideOne(service)
    expect(told(await send(service, 'GET', noticeOf(decisionId), service.alpha))).toBe('404 not_found')
    expect(told(await send(service, 'GET', noticeOf(decisionId, '?lang=fr'), service.alpha))).toBe(
      '400 invalid_request'
    )
    const reduced = await decideOne(service, { amountMinor: 4_000_000 })
    expect(told(await send(service, 'GET', noticeOf(reduced.decisionId), service.alpha))).toBe(200)
    expect(told(await send(service, 'GET', noticeOf(reduced.decisionId), service.beta))).toBe('404 not_found')
  })
})

const DECLINED = {
  decisionId: '01a20b04-023e-7032-ba6a-6f2877a5bfec',
  applicationId: 'app-1',
  decision: 'DECLINE',
  decidedAt: '2026-03-02T09:00:00.000Z',
  score: { pd: 0.4, points: 512, band: 'E' },
  reasons: [
    { code: 'R501', rank: 1, text: { zh: '无法核实所提供的信息', en: 'The information could not be verified' } },
    { code: 'R503', rank: 2, text: { zh: '无法核实所提供的信息', en: 'The information could not be verified' } }
  ],
  trace: { rulePacks: ['us-consumer-credit-1@sha256:0'] }
} as unknown as Decision

test('which sign of fraud it was is not told, and a US decision has its score', async () => {
  const lenderOf = await loadLenders()
  const notice = composeNotice(DECLINED, lenderOf('alpha'), 'en')
  expect(notice?.reasons).toEqual([{ code: 'R5', text: 'The information could not be verified' }])
  expect(notice?.score).toBe(512)
})

test('the page of a notice has all its sentences and runs nothing that is put into it', async () => {
  const lender = (await loadLenders())('alpha')
  const named = { ...lender, name: { zh: '<script>alert(1)</script>', en: '<script>alert(1)</script>' } }
  const notice = composeNotice(DECLINED, named, 'en')
  if (notice === undefined) throw new Error('a decline has a notice')
  const page = noticeHtml(notice)
  expect(page).not.toContain('<script>')
  for (const text of [notice.statement, notice.reasons[0]?.text ?? '-', notice.complaints.email])
    expect(page).toContain(text)
})
