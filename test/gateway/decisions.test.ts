import { describe, expect, test } from 'vitest'
import { readStoredDecision } from '../../src/decisions/record.ts'
import { compileCheck } from '../../src/domain/check.ts'
import { type Decision, DecisionSchema } from '../../src/domain/decision.ts'
import { createCompactor } from '../../src/features/compactor.ts'
import { History } from '../../src/features/history.ts'
import { packRecord } from '../../src/features/record.ts'
import { keysOf, readStored } from '../redis/stored.ts'
import { application, approve, buildTestApp, postDecision } from '../support/app.ts'

const check = compileCheck(DecisionSchema)

describe('POST /v1/decisions', () => {
  test('an application with a good score is approved with an offer whose schedule sums to the amount', async () => {
    const service = await buildTestApp()
    const request = application({ amountMinor: 1_500_000, term: { count: 90, unit: 'day' } })
    const response = await postDecision(service, request)
    expect(response.statusCode).toBe(200)
    const decision = response.json<Decision>()
    expect(check(decision)).toMatchObject({ ok: true })
    expect(decision).toMatchObject({
      applicationId: request.applicationId,
      decision: 'APPROVE',
      reasons: [],
      score: { pd: 0.05, band: 'B', points: 572 },
      limit: { currency: 'NGN', amountMinor: 2_000_000, bindingConstraint: 'FIRST_LOAN' }
    })
    const [offer] = decision.offers
    expect(offer?.schedule).toHaveLength(3)
    expect(offer?.schedule.reduce((sum, { principalMinor }) => sum + principalMinor, 0)).toBe(1_500_000)
    expect(offer?.apr.nominal).toBeCloseTo(0.18, 4)
  })

  test('a high probability of default is declined with the reasons that raised it, the strongest first', async () => {
    const service = await buildTestApp({ score: () => approve(0.5) })
    const decision = (await postDecision(service, application())).json<Decision>()
    expect(decision).toMatchObject({
      decision: 'DECLINE',
      offers: [],
      limit: null,
      validUntil: null,
      score: { band: 'E' }
    })
    expect(decision.reasons.map(({ code, rank }) => [rank, code])).toEqual([
      [1, 'R130'],
      [2, 'R120']
    ])
    expect(decision.reasons[0]?.text.zh).not.toBe('')
  })

  test('a probability between the cut-offs is referred', async () => {
    const service = await buildTestApp({ score: () => approve(0.3) })
    expect((await postDecision(service, application())).json()).toMatchObject({
      decision: 'REFER',
      score: { band: 'D' }
    })
  })

  test.each([Number.NaN, Infinity, -0.1, 0, 1, 1.7])(
    'a model output of %f refers, whatever else is good',
    async (pd) => {
      const service = await buildTestApp({ score: () => approve(pd) })
      const decision = (await postDecision(service, application())).json<Decision>()
      expect(decision).toMatchObject({ decision: 'REFER', score: null, offers: [] })
      expect(decision.reasons[0]?.code).toBe('SYS_MODEL_OUTPUT_INVALID')
    }
  )

  test.each(['SYS_INFERENCE_TIMEOUT', 'SYS_INFERENCE_UNAVAILABLE', 'SYS_OVERLOAD'] as const)(
    'a scoring fault %s refers and is named in the trace and the metrics',
    async (code) => {
      const service = await buildTestApp({ score: () => ({ kind: 'fault', code }) })
      const decision = (await postDecision(service, application())).json<Decision>()
      expect(decision).toMatchObject({ decision: 'REFER', reasons: [{ code }], trace: { degraded: [code] } })
      expect(await service.metrics.registry.metrics()).toContain(`component="${code}",mode="refer"} 1`)
    }
  )

  test('a product that no model was validated for is referred to a person', async () => {
    const service = await buildTestApp()
    const consumer = { product: 'consumer', currency: 'CNY', term: { count: 12, unit: 'month' } } as const
    const request = application({ ...consumer, consents: ['automated_decision', 'bureau_query'] })
    expect((await postDecision(service, request)).json()).toMatchObject({
      decision: 'REFER',
      reasons: [{ code: 'R903' }],
      trace: { rulePacks: [expect.stringMatching(/^cn-internet-microloan-/)] }
    })
    expect((await postDecision(service, application(consumer))).json()).toMatchObject({
      decision: 'REFER',
      reasons: [{ code: 'R220' }, { code: 'R903' }]
    })
  })

  test('a referral that a check can settle says which, and the record has the steps and the rules', async () => {
    const service = await buildTestApp()
    const term = { count: 12, unit: 'month' } as const
    const consents = ['automated_decision', 'bureau_query'] as const
    const request = application({
      product: 'consumer',
      currency: 'CNY',
      term,
      purpose: 'other',
      consents: [...consents]
    })
    const decision = (await postDecision(service, request)).json<Decision>()
    expect(decision).toMatchObject({
      decision: 'REFER',
      reasons: [{ code: 'R404' }, { code: 'R903' }],
      nextActions: [{ type: 'PROVIDE_PURPOSE_PROOF', attemptsLeft: 3 }]
    })
    const stored = await service.store.read('alpha', decision.decisionId)
    const read = stored && readStoredDecision(stored)
    expect(read).toMatchObject({ ok: true })
    const record = JSON.parse(stored?.record ?? '{}')
    expect(record.steps).toMatchObject({
      fraud: 'PASS',
      eligibility: { outcome: 'REFER', hits: [{ rule: 'proofs/0', reason: 'R404', read: { purpose: 'other' } }] },
      score: 'R903'
    })
    expect(record.rules.evaluated['in_force binds']).toContain('CN.MICRO.STUDENTS')
  })

  test.each([
    ['a minor', { applicant: { birthYear: new Date().getUTCFullYear() - 17 } }, 'DECLINE', 'R201'],
    ['a prohibited purpose', { purpose: 'securities' }, 'DECLINE', 'R203'],
    ['a currency the product does not have', { currency: 'CNY' }, 'DECLINE', 'R204'],
    ['a term the product does not have', { term: { count: 2, unit: 'month' } }, 'DECLINE', 'R204'],
    ['a term between two instalments', { term: { count: 45, unit: 'day' } }, 'DECLINE', 'R204'],
    ['more than the product lends', { amountMinor: 9_999_999_999 }, 'DECLINE', 'R320'],
    ['no consent to an automated decision', { consents: [] }, 'REFER', 'R220'],
    ['an unknown age', { applicant: {} }, 'REFER', 'R401']
  ] as const)('%s is stopped by a rule above the model', async (_name, changes, decision, code) => {
    const service = await buildTestApp()
    const response = await postDecision(service, { ...application(), ...changes })
    expect(response.json()).toMatchObject({ decision, reasons: [{ code }], offers: [] })
  })

  test('a first loan has a limit of its own: the rest of the amount is refused with the reason', async () => {
    const service = await buildTestApp()
    const decision = (await postDecision(service, application({ amountMinor: 4_000_000 }))).json<Decision>()
    expect(decision).toMatchObject({
      decision: 'APPROVE',
      limit: { amountMinor: 2_000_000, bindingConstraint: 'FIRST_LOAN' },
      offers: [{ amountMinor: 2_000_000 }],
      reasons: [{ code: 'R302' }]
    })
  })

  test('an income that can carry less gets a smaller offer and the reason', async () => {
    const service = await buildTestApp()
    const applicant = { birthYear: 1990, monthlyIncomeMinor: 3_000_000, monthlyObligationsMinor: 400_000 }
    const decision = (await postDecision(service, application({ applicant, amountMinor: 3_000_000 }))).json<Decision>()
    expect(decision).toMatchObject({
      decision: 'APPROVE',
      limit: { bindingConstraint: 'AFFORDABILITY' },
      reasons: [{ code: 'R301' }]
    })
    const [offer] = decision.offers
    expect(offer?.amountMinor).toBe(1_050_000)
    expect(offer?.totalRepayableMinor).toBeLessThanOrEqual(3_000_000 * 0.5 - 400_000)
  })

  test('an income that can carry nothing is declined for affordability', async () => {
    const service = await buildTestApp()
    const applicant = { birthYear: 1990, monthlyIncomeMinor: 500_000, monthlyObligationsMinor: 400_000 }
    expect((await postDecision(service, application({ applicant }))).json()).toMatchObject({
      decision: 'DECLINE',
      reasons: [{ code: 'R301' }]
    })
  })

  test('simultaneous applications from one device see one another: the counts are a permutation of 1 to N', async () => {
    const seen: number[] = []
    const service = await buildTestApp({
      score: (row) => {
        seen.push(row[1] as number)
        return approve()
      }
    })
    const device = { deviceId: 'shared-phone', ip: '10.0.0.1' }
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => postDecision(service, application({ device }))))
    expect(seen.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    const byOutcome = Map.groupBy(outcomes, (response) => response.json<Decision>().decision)
    expect([...byOutcome].map(([outcome, of]) => [outcome, of.length]).sort()).toEqual([
      ['APPROVE', 3],
      ['DECLINE', 5],
      ['REFER', 2]
    ])
  })
})

describe('an applicant with more history than is kept whole', () => {
  const logins = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      eventId: `login-${index}`,
      type: 'auth.login',
      occurredAtMs: Date.now() - index * 1000,
      applicantId: 'regular',
      data: {}
    }))

  test('is decided like any other: what is older is part of tiles', async () => {
    const service = await buildTestApp()
    const { app, alpha: headers } = service
    const all = logins(600)
    for (const events of [all.slice(0, 300), all.slice(300)]) {
      const posted = await app.inject({ method: 'POST', url: '/v1/events', headers, payload: { events } })
      expect(posted.statusCode).toBe(202)
    }
    const decision = await postDecision(service, application({ applicantId: 'regular' }))
    expect(decision.json()).toMatchObject({ decision: 'APPROVE', trace: { degraded: [] } })
  })

  test('is referred while its tiles are those of another catalogue: part of its features is missing', async () => {
    const service = await buildTestApp()
    const { app, alpha: headers } = service
    await app.inject({ method: 'POST', url: '/v1/events', headers, payload: { events: logins(1) } })
    const [entity] = keysOf(await readStored(service.redis, service.keys.prefix), 'entity') as [string]
    const records = logins(600).map((login) =>
      packRecord({ ...login, type: 'auth.login', tenant: 'alpha', refs: NOBODY })
    )
    await service.redis.set(entity, new History().fold(null, Buffer.concat(records)).encode())
    expect(await createCompactor(service.redis)(entity)).toBe('foreign')
    expect((await postDecision(service, application({ applicantId: 'regular' }))).json()).toMatchObject({
      decision: 'REFER',
      reasons: [{ code: 'SYS_HISTORY_TRUNCATED' }],
      trace: { degraded: ['HISTORY_TRUNCATED:applicant'] }
    })
    expect(await service.metrics.registry.getSingleMetricAsString('credit_decision_fallback_total')).toContain(
      '{component="HISTORY_TRUNCATED:applicant",mode="refer"} 1'
    )
    expect(await createCompactor(service.redis, { adoptForeign: true })(entity)).toBe('folded')
  })
})

const NOBODY = { applicant: 'a' }

describe('GET /v1/decisions/{id}', () => {
  test('gives the bytes that were answered', async () => {
    const service = await buildTestApp()
    const posted = await postDecision(service, application())
    const { self } = posted.json<Decision>().links
    const read = await service.app.inject({ url: self, headers: service.alpha })
    expect(read.statusCode).toBe(200)
    expect(read.body).toBe(posted.body)
  })

  test('another partner gets the same 404 as for a decision that does not exist', async () => {
    const service = await buildTestApp()
    const { self } = (await postDecision(service, application())).json<Decision>().links
    const foreign = await service.app.inject({ url: self, headers: service.beta })
    const missing = await service.app.inject({ url: `${self.slice(0, -1)}x`, headers: service.beta })
    for (const response of [foreign, missing]) {
      expect(response.statusCode).toBe(404)
      expect(response.json()).toMatchObject({ code: 'not_found', detail: 'no such decision' })
    }
  })
})
