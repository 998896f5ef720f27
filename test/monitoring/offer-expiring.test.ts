import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Decision } from '../../src/domain/decision.ts'
import { createLoanMonitorJob } from '../../src/monitoring/loan-monitor-job.ts'
import {
  createOfferExpiringJob,
  createOfferWatch,
  type OfferExpiring,
  offerExpiringJobId
} from '../../src/monitoring/offer-expiring-job.ts'
import { createOfferIndex, offerScheduleRound } from '../../src/monitoring/offer-index.ts'
import { createIsOfferOpen } from '../../src/monitoring/open-offers.ts'
import { createQueue } from '../../src/monitoring/queues.ts'
import type { EmitWebhook } from '../../src/webhooks/emit.ts'
import { WEBHOOK_TYPES, type WebhookEvent } from '../../src/webhooks/event.ts'
import type { Endpoint } from '../../src/webhooks/redis-endpoints.ts'
import { application, approve, buildTestApp, postDecision, type TestApp } from '../support/app.ts'
import { connectRedis } from '../support/redis.ts'

const NOW_MS = Date.UTC(2026, 4, 31, 23, 30)
const HOUR_MS = 3_600_000
const MIN_MS = 60_000
const ENDPOINT: Endpoint = {
  id: 'we_000000000000',
  tenant: 'alpha',
  url: 'https://partner.example/',
  types: WEBHOOK_TYPES,
  createdAtMs: 0,
  disabledAtMs: null,
  keys: []
}

let service: TestApp
let emitted: WebhookEvent[]
let settled: (number | undefined)[]
const emit: EmitWebhook = async (event) => void emitted.push(event)
const jobAt = (nowMs: number) => {
  const { store, redis, keys } = service
  return createOfferExpiringJob({
    store,
    emit,
    isOpen: createIsOfferOpen(redis, keys),
    settle: async (_approval, nextAtMs) => void settled.push(nextAtMs),
    nowMs: () => nowMs
  })
}
const decided = async (): Promise<Decision> => (await postDecision(service, application())).json<Decision>()
const endOf = ({ validUntil }: Decision) => Date.parse(String(validUntil))

beforeEach(async () => {
  emitted = []
  settled = []
  service = await buildTestApp({ clock: { nowMs: () => NOW_MS }, score: () => approve(0.05) })
})

describe('offers that end', () => {
  async function planned(endpoints: readonly Endpoint[]) {
    const connection = await connectRedis({ role: 'jobs' })
    const options = { connection, prefix: service.keys.jobs(), onError: () => {} }
    const queue = createQueue<OfferExpiring>('offer-expiring', options)
    onTestFinished(() => queue.close())
    const watchOffers = createOfferWatch({
      queue,
      endpointsOf: async () => endpoints,
      settle: async (_approval, nextAtMs) => void settled.push(nextAtMs),
      nowMs: () => NOW_MS
    })
    const monitor = createLoanMonitorJob({ store: service.store, watchOffers })
    const decision = await decided()
    const job = { decisionId: decision.decisionId, tenant: 'alpha', utcOffsetMinutes: 60 }
    await Promise.all([monitor(job), monitor(job)])
    return { decision, jobs: await queue.getDelayed() }
  }

  test('are planned to be told once, six hours before', async () => {
    const { decision, jobs } = await planned([ENDPOINT])
    expect(jobs.map(({ id, data }) => [id, data])).toEqual([
      [offerExpiringJobId({ ...decision, tenant: 'alpha' }), { decisionId: decision.decisionId, tenant: 'alpha' }]
    ])
    expect(NOW_MS + (jobs[0]?.opts.delay ?? 0)).toBe(endOf(decision) - 6 * HOUR_MS)
  })

  test.each([
    ['without an endpoint', []],
    ['whose endpoints want other events', [{ ...ENDPOINT, types: ['loan.alert' as const] }]],
    ['whose endpoint is switched off', [{ ...ENDPOINT, disabledAtMs: 1 }]]
  ])('plan nothing for a partner %s', async (_what, endpoints) => {
    expect((await planned(endpoints)).jobs).toEqual([])
  })
})

describe('the warning that offers end', () => {
  test('says which decision, with the same dedupe key in every run', async () => {
    const decision = await decided()
    const job = jobAt(endOf(decision) - HOUR_MS)
    const payload = { decisionId: decision.decisionId, tenant: 'alpha' }
    expect([await job(payload), await job(payload)]).toEqual(['done', 'done'])
    expect(emitted[0]).toEqual({
      tenant: 'alpha',
      type: 'offer.expiring',
      aggregateId: decision.decisionId,
      dedupeKey: `${decision.decisionId}:${decision.validUntil}`,
      occurredAtMs: endOf(decision) - HOUR_MS,
      data: {
        decisionId: decision.decisionId,
        applicationId: decision.applicationId,
        validUntil: decision.validUntil
      }
    })
    expect(emitted[1]?.dedupeKey).toBe(emitted[0]?.dedupeKey)
  })

  test('is left out once the offers have ended, or for another partner’s decision', async () => {
    const decision = await decided()
    const { decisionId } = decision
    expect(await jobAt(endOf(decision))({ decisionId, tenant: 'alpha' })).toBe('obsolete')
    expect(await jobAt(NOW_MS)({ decisionId, tenant: 'beta' })).toBe('obsolete')
    expect(emitted).toEqual([])
  })

  test.each([
    ['was paid out', 'loan.disbursed', ({ decisionId }: Decision) => ({ loanId: 'loan-1', termDays: 30, decisionId })],
    ['was withdrawn', 'application.withdrawn', ({ applicationId }: Decision) => ({ applicationId })]
  ])('is left out once the loan %s', async (_what, type, dataOf) => {
    const asked = application()
    const decision = (await postDecision(service, asked)).json<Decision>()
    const payload = { tenant: 'alpha', decisionId: decision.decisionId }
    expect(await jobAt(endOf(decision) - HOUR_MS)(payload)).toBe('done')
    const event = { eventId: `${type}-1`, type, applicantId: asked.applicantId, occurredAtMs: NOW_MS }
    const told = await service.app.inject({
      method: 'POST',
      url: '/v1/events',
      headers: service.alpha,
      payload: { ...event, data: dataOf(decision) }
    })
    expect(told.statusCode, told.body).toBe(202)
    expect(await jobAt(endOf(decision) - HOUR_MS)(payload)).toBe('obsolete')
    expect(emitted).toHaveLength(1)
  })

  test('is left out for a loan whose outcome is known: its offer was taken', async () => {
    const decision = await decided()
    const { decisionId } = decision
    const outcomes = [{ decisionId, outcome: 'good', observedAtMs: NOW_MS }]
    await service.app.inject({ method: 'POST', url: '/v1/outcomes', headers: service.alpha, payload: { outcomes } })
    expect(await jobAt(endOf(decision) - HOUR_MS)({ decisionId, tenant: 'alpha' })).toBe('obsolete')
    expect(emitted).toEqual([])
  })
})

describe('an approval whose jobs were lost', () => {
  test('becomes a job again within five minutes, is put off until its offers end, and is forgotten once it was told', async () => {
    const decision = await decided()
    const { redis, keys, store } = service
    let nowMs = NOW_MS
    const index = createOfferIndex(redis, keys, () => nowMs)
    const payload = { decisionId: decision.decisionId, tenant: 'alpha' }
    const added: { readonly opts: object }[] = []
    const queue = { addBulk: async (jobs: typeof added) => void added.push(...jobs) }
    const round = () => offerScheduleRound(index, queue as never)
    await Promise.all([index.note([payload]), index.note([payload])])
    expect([await round(), added]).toEqual([0, []])
    nowMs += 5 * MIN_MS
    expect(await round()).toBe(1)
    expect(added).toMatchObject([{ name: 'expiring', data: payload, opts: { jobId: offerExpiringJobId(payload) } }])
    expect(await round()).toBe(0)
    const isOpen = createIsOfferOpen(redis, keys)
    const job = createOfferExpiringJob({ store, emit, isOpen, settle: index.settle, nowMs: () => nowMs })
    const warnAtMs = endOf(decision) - 6 * HOUR_MS
    expect(await job(payload)).toEqual({ postponeMs: warnAtMs - nowMs })
    nowMs = warnAtMs - 1
    expect([await round(), emitted]).toEqual([0, []])
    nowMs = warnAtMs
    expect([await round(), await job(payload), emitted.length]).toEqual([1, 'done', 1])
    nowMs += HOUR_MS
    expect(await round()).toBe(0)
  })
})
