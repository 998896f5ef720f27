import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LoanEvent } from '../../src/domain/loan-event.ts'
import { parseStanding, type Standing, standingAt } from '../../src/domain/standing.ts'
import type { Loan } from '../../src/loans/loan-schema.ts'
import { reviewLimit } from '../../src/monitoring/limit-review.ts'
import { createLimitReview, createReviewLimit } from '../../src/monitoring/limit-reviews.ts'
import { partitionOfText } from '../../src/redis/keys.ts'
import { at, disbursed, loanEvent, loanOn, paid } from '../loans/loan-events.ts'
import { application, buildTestApp, postDecision } from '../support/app.ts'
import { send } from '../support/reviewing.ts'
import { REF, watchLoans } from './watched-loans.ts'

const DAY_MS = 86_400_000
const NOW_MS = at('2024-06-15')
const SIX = Array.from({ length: 8 }, (_, month) => [`2024-0${month + 2}-01`, 100] as const)
const RUN = disbursed('2024-01-01', SIX)
const payments = (count: number) => SIX.slice(0, count).map(([dueDate]) => paid(dueDate, 100, '09:00:00'))
const loan = (date: string, events: readonly LoanEvent[] = [RUN]): Loan => loanOn(date, events)

function standing(state: Standing['state'], limitFactor: number, days: number): Standing {
  return { state, limitFactor, sinceMs: NOW_MS - days * DAY_MS, untilMs: NOW_MS + 100 * DAY_MS, reasons: ['x'] }
}

const DUE = disbursed('2024-01-01', [['2024-06-01', 100]])
const warned = (level: 'orange' | 'red') => loanEvent('loan.warned', at('2024-06-10'), { rule: 'r', level })
const failed = (day: string) => loanEvent('repayment.failed', at(day), { instalmentNo: 1, amountMinor: 100 })

describe('a review of the limit', () => {
  test.each([
    ['keeps what nothing speaks against', [loan('2024-01-15')], undefined, 'keep', 1],
    ['keeps with seven days past due', [loan('2024-06-08', [DUE])], undefined, 'keep', 1],
    ['reduces with eight', [loan('2024-06-09', [DUE])], undefined, 'reduce', 0.5],
    [
      'reduces after two failed debits',
      [loan('2024-06-04', [DUE, failed('2024-06-02'), failed('2024-06-03')])],
      undefined,
      'reduce',
      0.5
    ],
    [
      'reduces at an orange warning',
      [loan('2024-06-11', [RUN, ...payments(5), warned('orange')])],
      undefined,
      'reduce',
      0.5
    ],
    ['freezes at 31 days past due', [loan('2024-07-02', [DUE])], undefined, 'freeze', 1],
    ['freezes at a red warning', [loan('2024-06-11', [RUN, ...payments(5), warned('red')])], undefined, 'freeze', 1],
    [
      'freezes when a loan was given up',
      [loan('2024-06-11', [RUN, loanEvent('loan.written_off', at('2024-06-01'), {})])],
      undefined,
      'freeze',
      1
    ],
    ['reduces once more after thirty days', [loan('2024-06-09', [DUE])], standing('reduced', 0.5, 30), 'reduce', 0.25],
    ['keeps within thirty days of a change', [loan('2024-06-09', [DUE])], standing('reduced', 0.5, 29), 'keep', 0.5],
    ['keeps at a quarter', [loan('2024-06-09', [DUE])], standing('reduced', 0.25, 90), 'keep', 0.25],
    [
      'freezes within thirty days of a change too',
      [loan('2024-07-02', [DUE])],
      standing('reduced', 0.5, 1),
      'freeze',
      0.5
    ],
    ['keeps a freeze while anything is past due', [loan('2024-06-03', [DUE])], standing('frozen', 1, 90), 'keep', 1],
    [
      'raises by a step after six in a row in time',
      [loan('2024-07-15', [RUN, ...payments(6)])],
      standing('reduced', 0.25, 60),
      'raise',
      0.5
    ],
    ['keeps after five', [loan('2024-06-15', [RUN, ...payments(5)])], standing('reduced', 0.25, 60), 'keep', 0.25],
    [
      'raises from frozen to half',
      [loan('2024-07-15', [RUN, ...payments(6)])],
      standing('frozen', 1, 60),
      'raise',
      0.5
    ],
    [
      'raises from half to what the policy grants',
      [loan('2024-07-15', [RUN, ...payments(6)])],
      standing('reduced', 0.5, 60),
      'raise',
      1
    ]
  ] as const)('%s', (_what, loans, before, action, factor) => {
    const review = reviewLimit(loans, before, NOW_MS)
    expect([review.action, review.standing?.limitFactor ?? 1]).toEqual([action, factor])
    if (action === 'freeze') expect(review.standing?.state).toBe('frozen')
    if (action !== 'keep') expect(review.reasons.length).toBeGreaterThan(0)
    expect(reviewLimit(loans, review.standing, NOW_MS).action).toBe('keep')
  })

  test('whatever it is run on, never grants more than the policy, and never changes twice in thirty days but to freeze', () => {
    const days = fc.integer({ min: 0, max: 400 })
    const one = fc.constantFrom(
      ...[0, 5, 9, 40].map((late) =>
        loan('2024-06-01', [
          disbursed('2023-01-01', [[new Date(at('2024-06-01') - late * DAY_MS).toISOString().slice(0, 10), 100]])
        ])
      ),
      loan('2024-07-15', [RUN, ...payments(6)])
    )
    const run = fc.array(fc.record({ loans: fc.array(one, { maxLength: 3 }), days }), { maxLength: 20 })
    fc.assert(
      fc.property(run, (steps) => {
        let [nowMs, now] = [NOW_MS, undefined as Standing | undefined]
        let changedAtMs = Number.NEGATIVE_INFINITY
        for (const { loans, days: later } of steps) {
          nowMs += later * DAY_MS
          const { action, standing: next } = reviewLimit(loans, now, nowMs)
          if (next !== undefined) {
            expect(next.limitFactor).toBeGreaterThanOrEqual(0.25)
            expect(next.limitFactor).toBeLessThanOrEqual(1)
            expect(parseStanding(JSON.stringify(next))).toEqual(next)
          }
          if (action === 'reduce' || action === 'raise') expect(nowMs - changedAtMs).toBeGreaterThanOrEqual(30 * DAY_MS)
          if (action !== 'keep') changedAtMs = nowMs
          now = next
        }
      })
    )
  })
})

describe('a stored standing', () => {
  test('ends by itself, and holds back where it cannot be read', () => {
    const stored = JSON.stringify(standing('reduced', 0.5, 1))
    expect(standingAt(stored, NOW_MS)).toEqual({ frozen: false, limitFactor: 0.5 })
    expect(standingAt(stored, NOW_MS + 100 * DAY_MS)).toBeUndefined()
    expect(standingAt(null, NOW_MS)).toBeUndefined()
    expect(standingAt('{"state":"open"}', NOW_MS)).toEqual({ frozen: true, limitFactor: 1 })
  })

  test('is set by the check of a loan, told to the partner once, and given back by the monthly review', async () => {
    const watched = await watchLoans({ nowMs: at('2024-06-09', '00:10:00') })
    const { redis, keys, loans } = watched
    const key = keys.standing(partitionOfText(REF.applicantToken), REF.tenant, REF.applicantToken)
    await watched.add([DUE])
    await watched.schedule()
    const job = (await watched.jobs()).find(({ data }) => data.job === 'limit-watch' && data.kind === 'dpd8')
    expect([await watched.run(job!.data), await watched.run(job!.data)]).toEqual(['done', 'already_done'])
    expect(parseStanding((await redis.get(key)) ?? '')).toMatchObject({ state: 'reduced', limitFactor: 0.5 })
    const changes = () => watched.emitted.filter(({ type }) => type === 'limit.changed')
    expect(changes().map(({ data }) => data)).toMatchObject([{ loanId: 'L1', state: 'reduced', limitFactor: 0.5 }])

    await watched.add([
      paid('2024-06-10', 100),
      loanEvent('loan.closed', at('2024-06-10'), { disbursedAtMs: at('2024-01-01'), dueAtMs: at('2024-06-01') })
    ])
    await watched.add(
      [
        disbursed(
          '2024-06-11',
          SIX.map(([date]) => [date.replace('2024', '2025'), 100] as const)
        ),
        ...payments(6).map((each) => ({
          ...each,
          eventId: `l2-${each.eventId}`,
          occurredAtMs: each.occurredAtMs + 366 * DAY_MS - DAY_MS
        }))
      ],
      { ...REF, loanId: 'L2' }
    )
    watched.nowMs = at('2025-07-10')
    const review = createReviewLimit({
      redis,
      keys,
      loans,
      emit: async (event) => void watched.emitted.push(event),
      nowMs: () => watched.nowMs,
      onReviewed: (action) => watched.reviewed.push(action)
    })
    expect(await createLimitReview(redis, keys, review)()).toBe('done')
    expect(await redis.get(key)).toBeNull()
    expect(changes().at(-1)?.data).toMatchObject({ loanId: 'L2', state: 'open', limitFactor: 1 })
    expect(watched.reviewed).toEqual(['reduce', 'raise'])
  })

  test('that another review sets meanwhile is what the review begins anew from', async () => {
    const watched = await watchLoans({ nowMs: at('2024-06-09', '00:10:00') })
    const { redis, keys, loans } = watched
    const key = keys.standing(partitionOfText(REF.applicantToken), REF.tenant, REF.applicantToken)
    await watched.add([DUE])
    const frozen = JSON.stringify(standing('frozen', 1, 100))
    let reads = 0
    const review = createReviewLimit({
      redis,
      keys,
      loans: {
        listByApplicant: async (...args) => {
          const found = await loans.listByApplicant(...args)
          if (++reads === 1) await redis.set(key, frozen)
          return found
        }
      },
      emit: async (event) => void watched.emitted.push(event),
      nowMs: () => watched.nowMs,
      onReviewed: (action) => watched.reviewed.push(action)
    })
    await review(REF)
    expect([reads, await redis.get(key)]).toEqual([2, frozen])
    expect([watched.reviewed, watched.emitted]).toEqual([['keep'], []])
  })

  test('binds the next decision: reduced it grants a part, frozen it declines, and the record says so', async () => {
    const service = await buildTestApp({})
    const asked = application()
    const first = (await postDecision(service, asked)).json()
    expect(first.decision).toBe('APPROVE')
    const { redis, keys } = service
    const [tokenKey] = await redis.keys(`${keys.prefix}:*:exposure:alpha:*`)
    const token = tokenKey?.split(':').at(-1) ?? ''
    await redis.del(String(tokenKey))
    const set = (state: Standing['state'], limitFactor: number) =>
      redis.set(
        keys.standing(partitionOfText(token), 'alpha', token),
        JSON.stringify({ ...standing(state, limitFactor, 0), sinceMs: 0, untilMs: Date.now() + DAY_MS })
      )
    await set('reduced', 0.5)
    const again = { ...asked, applicationId: `${asked.applicationId}-2` }
    const reduced = (await postDecision(service, again)).json()
    expect(reduced.limit).toMatchObject({ bindingConstraint: 'STANDING' })
    expect(reduced.limit.amountMinor).toBeLessThanOrEqual(first.limit.amountMinor / 2)
    await redis.del(String(tokenKey))
    await set('frozen', 1)
    const frozen = (await postDecision(service, { ...asked, applicationId: `${asked.applicationId}-3` })).json()
    expect([frozen.decision, frozen.reasons.map(({ code }: { code: string }) => code)]).toEqual(['DECLINE', ['R304']])
    const stored = await service.store.read('alpha', frozen.decisionId)
    expect(JSON.parse(stored!.record).standing).toEqual({ frozen: true, limitFactor: 1 })
  })

  test('after an orange warning has the next decision ask who applies, and approve the reduced limit once that is shown', async () => {
    const service = await buildTestApp({})
    const asked = application()
    const first = (await postDecision(service, asked)).json()
    const { redis, keys } = service
    const [exposureKey = ''] = await redis.keys(`${keys.prefix}:*:exposure:alpha:*`)
    const token = exposureKey.split(':').at(-1) ?? ''
    await redis.del(exposureKey)
    const review = reviewLimit([loan('2024-06-12', [DUE, warned('orange')])], undefined, NOW_MS)
    await redis.set(
      keys.standing(partitionOfText(token), 'alpha', token),
      JSON.stringify({ ...review.standing, sinceMs: 0, untilMs: Date.now() + DAY_MS })
    )
    const again = { ...asked, applicationId: `${asked.applicationId}-2` }
    const stopped = (await postDecision(service, again)).json()
    expect(stopped).toMatchObject({
      decision: 'REFER',
      offers: [],
      reasons: [{ code: 'R501' }],
      nextActions: [{ type: 'STEP_UP_OTP', attemptsLeft: 3 }]
    })
    const { record = '' } = (await service.store.read('alpha', stopped.decisionId)) ?? {}
    expect(JSON.parse(record).standing).toEqual({ frozen: false, limitFactor: 0.5, stepUp: true })
    const evidence = { type: 'STEP_UP_OTP', referenceId: 'otp-1' }
    const shown = (
      await send(service, 'POST', `/v1/decisions/${stopped.decisionId}/evidence`, service.alpha, evidence)
    ).json()
    expect(shown).toMatchObject({ decision: 'APPROVE', limit: { bindingConstraint: 'STANDING' } })
    expect(shown.limit.amountMinor).toBeLessThanOrEqual(first.limit.amountMinor / 2)
  })
})
