import { expect, test } from 'vitest'
import { createKeptDecisionSource } from '../../src/cli/replay-decision-source.ts'
import { createReplayer } from '../../src/cli/replay-decision-verdict.ts'
import type { Serving } from '../../src/decisions/serving.ts'
import { partitionOf } from '../../src/domain/ids.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createQuality } from '../../src/features/quality.ts'
import { createFeatureSet } from '../../src/features/vector.ts'
import type { Policy } from '../../src/policy/schema.ts'
import type { OpenServing } from '../../src/serving/serving.ts'
import { application, approve, buildTestApp, postDecision, type TestApp } from '../support/app.ts'
import {
  type Authorization,
  act,
  DECLINED_PD,
  outboxOf,
  REFERRED_PD,
  relayReviews,
  send,
  told
} from '../support/reviewing.ts'

const asks = (when: object, step: string) => ({
  when,
  output: { action: 'STEP_UP', step, reason: 'R501', expiresInMinutes: 60, attempts: 2 }
})
/** Asks for a code until it is there; of travellers for proof of income, and never has enough of it. */
const TABLE = {
  name: 'checks',
  stage: 'eligibility',
  hitPolicy: 'collect',
  rows: [
    asks({ 'evidence.otp': { in: ['NONE'] } }, 'STEP_UP_OTP'),
    asks({ purpose: { in: ['travel'] } }, 'STEP_UP_INCOME_PROOF')
  ]
}
const withChecks = (policy: Policy) => ({ ...policy, tables: [...(policy.tables ?? []), TABLE] }) as Policy
const OTP = { type: 'STEP_UP_OTP', referenceId: 'otp-1' } as const
const INCOME = { type: 'STEP_UP_INCOME_PROOF', referenceId: 'income-1' } as const

const give = (service: TestApp, decisionId: string, evidence: object, who: Authorization = service.alpha) =>
  send(service, 'POST', `/v1/decisions/${decisionId}/evidence`, who, evidence)
const recordOf = async (service: TestApp, decisionId: string) =>
  JSON.parse((await service.store.read('alpha', decisionId))?.record ?? '{}')
const partsOf = async (service: TestApp, decisionId: string) => {
  const partition = partitionOf(decisionId)
  const { record } = (await service.store.read('alpha', decisionId)) ?? { record: '{}' }
  const { refs } = JSON.parse(record).application
  return { log: service.keys.log(partition), exposure: service.keys.exposure(partition, 'alpha', refs.applicant) }
}

/** An application of which a code is asked, before a person as well. */
async function asked(
  options: Parameters<typeof buildTestApp>[0] = {},
  changes: Parameters<typeof application>[0] = {}
) {
  const service = await buildTestApp({ changePolicy: withChecks, ...options })
  const request = application(changes)
  const first = await postDecision(service, request)
  await relayReviews(service)
  return { service, request, first, decisionId: first.json().decisionId as string }
}

test('with what was asked for the application is decided again: its next round, held, monitored and told', async () => {
  const { service, first, decisionId } = await asked()
  const self = `/v1/decisions/${decisionId}`
  expect(first.json()).toMatchObject({
    decision: 'REFER',
    nextActions: [{ type: 'STEP_UP_OTP', attemptsLeft: 2 }],
    links: { evidence: `${self}/evidence` }
  })
  const { log, exposure } = await partsOf(service, decisionId)
  const logged = await service.redis.xlen(log)
  const answer = await give(service, decisionId, OTP)
  expect(answer.statusCode, answer.body).toBe(200)
  const next = answer.json()
  expect(next).toMatchObject({ decision: 'APPROVE', round: 2, previousDecisionId: decisionId })
  expect([next.decidedBy, next.nextActions, next.links.evidence]).toEqual([undefined, undefined, undefined])
  expect((await service.store.read('alpha', next.decisionId))?.answer).toBe(answer.body)
  expect((await recordOf(service, next.decisionId)).evidence).toEqual({
    given: [{ ...OTP, atMs: Date.parse(next.decidedAt) }],
    attemptsLeft: { STEP_UP_OTP: 1 },
    askedByPerson: false,
    open: []
  })
  expect(await service.redis.xlen(log), 'the application counts once').toBe(logged)
  expect(Object.keys(JSON.parse((await service.redis.get(exposure)) ?? '{}').r)).toEqual([next.decisionId])
  expect(await outboxOf(service)).toContainEqual({
    decisionId: next.decisionId,
    tenant: 'alpha',
    utcOffsetMinutes: 60
  })
  const emitted: string[] = []
  await relayReviews(service, async ({ type, data }) => void emitted.push(`${type} ${data.decisionId}`))
  expect(emitted).toEqual([`decision.updated ${next.decisionId}`])
  const [review] = await service.reviews.read('alpha', [decisionId])
  expect(review?.done).toMatchObject({ action: 'evidence', by: '', nextDecisionId: next.decisionId })
  const rounds = (await send(service, 'GET', `${self}/rounds`, service.alpha)).json().rounds
  expect(rounds.map((round: { decisionId: string }) => round.decisionId)).toEqual([decisionId, next.decisionId])
  const text = await service.metrics.registry.metrics()
  expect(text).toContain('credit_decisions_total{product="cash",channel="evidence",decision="APPROVE",stage="FINAL"} 1')
})

test('the same evidence again gets the decision that was made with it, whatever was decided since', async () => {
  const { service, first, decisionId } = await asked({}, { purpose: 'travel' })
  const second = await give(service, decisionId, OTP)
  const again = await give(service, decisionId, OTP)
  expect([again.body, again.headers['idempotent-replay']]).toEqual([second.body, 'true'])
  const third = await give(service, second.json().decisionId, INCOME)
  expect(third.json().round).toBe(3)
  expect((await give(service, decisionId, OTP)).body).toBe(second.body)
  expect((await give(service, decisionId, INCOME)).body).toBe(third.body)
  expect((await give(service, second.json().decisionId, INCOME)).body).toBe(third.body)
  expect((await send(service, 'GET', `/v1/decisions/${decisionId}`, service.alpha)).body).toBe(first.body)
  expect(told(await give(service, decisionId, { ...OTP, referenceId: 'otp-2' }))).toBe('409 decision_superseded')
})

test.each([
  ['an unknown check', { type: 'STEP_UP_TAROT', referenceId: 'x' }, '400 invalid_request'],
  ['no reference', { type: 'STEP_UP_OTP' }, '400 invalid_request'],
  ['a document', { ...OTP, document: 'JVBERi0=' }, '400 invalid_request'],
  ['a reference that is a text', { ...OTP, referenceId: 'she called me' }, '400 invalid_request'],
  ['what was not asked for', { type: 'STEP_UP_LIVENESS', referenceId: 'x' }, '409 evidence_not_asked']
])('%s is no evidence', async (_, body, problem) => {
  const { service, decisionId } = await asked()
  expect(told(await give(service, decisionId, body))).toBe(problem)
  expect(told(await give(service, decisionId, OTP))).toBe(200)
})

test('evidence is given by the partner whose decision it is, and by no reviewer', async () => {
  const { service, decisionId } = await asked()
  expect(told(await give(service, decisionId, OTP, service.beta))).toBe('404 not_found')
  expect(told(await give(service, decisionId, OTP, await service.reviewer('anna')))).toBe('403 forbidden')
  expect(told(await give(service, '01a20b04-023e-7032-ba6a-6f2877a5bfec', OTP))).toBe('404 not_found')
  expect(told(await give(service, 'x', OTP))).toBe('400 invalid_request')
})

test('evidence is taken until its end and no longer', async () => {
  let nowMs = Date.now()
  const { service, first, decisionId } = await asked({ clock: { nowMs: () => nowMs } })
  nowMs = Date.parse(first.json().nextActions[0].expiresAt)
  expect(told(await give(service, decisionId, OTP))).toBe('409 evidence_expired')
  nowMs--
  expect(told(await give(service, decisionId, OTP))).toBe(200)
})

test('a check that is asked for again has no more attempts than were left', async () => {
  const { service, decisionId } = await asked({}, { purpose: 'travel' })
  const leftOf = (decision: { nextActions?: { type: string; attemptsLeft: number }[] }) =>
    decision.nextActions?.map(({ type, attemptsLeft }) => `${type} ${attemptsLeft}`)
  const second = (await give(service, decisionId, INCOME)).json()
  expect(leftOf(second)).toEqual(['STEP_UP_OTP 2', 'STEP_UP_INCOME_PROOF 1'])
  const third = (await give(service, second.decisionId, { ...INCOME, referenceId: 'income-2' })).json()
  expect(leftOf(third)).toEqual(['STEP_UP_OTP 2', 'STEP_UP_INCOME_PROOF 0'])
  const more = await give(service, third.decisionId, { ...INCOME, referenceId: 'income-3' })
  expect(told(more)).toBe('409 evidence_exhausted')
  expect(leftOf((await give(service, third.decisionId, OTP)).json())).toEqual(['STEP_UP_INCOME_PROOF 0'])
})

test('of two that come at once one is decided with; two that are the same get the same decision', async () => {
  const { service, decisionId } = await asked({}, { purpose: 'travel' })
  const said = await Promise.all([give(service, decisionId, OTP), give(service, decisionId, INCOME)])
  expect(said.map(told).map(String).sort()).toEqual(['200', '409 decision_superseded'])
  const other = await asked()
  const same = await Promise.all([1, 2, 3].map(() => give(other.service, other.decisionId, OTP)))
  expect(same.map(told)).toEqual([200, 200, 200])
  expect(new Set(same.map(({ body }) => body)).size).toBe(1)
  const { applicationId } = same[0]?.json() ?? {}
  expect(await other.service.reviews.rounds('alpha', other.decisionId, applicationId)).toHaveLength(2)
})

test.each(['before', 'behind'])(
  'a gateway that dies %s the commit decides once: the same again tells',
  async (where) => {
    let dies = true
    const { service, decisionId } = await asked({
      wrapRounds: (store) => ({
        ...store,
        commit: async (commitment) => {
          if (!dies) return store.commit(commitment)
          if (where === 'behind') await store.commit(commitment)
          throw new Error('killed')
        },
        read: async (tenant, id) => {
          if (dies) throw new Error('killed')
          return store.read(tenant, id)
        }
      })
    })
    expect(told(await give(service, decisionId, OTP))).toBe('503 outcome_unknown')
    dies = false
    const answer = await give(service, decisionId, OTP)
    expect([told(answer), answer.headers['idempotent-replay']]).toEqual([200, where === 'behind' ? 'true' : undefined])
    const { applicationId } = answer.json()
    expect(await service.reviews.rounds('alpha', decisionId, applicationId)).toHaveLength(2)
  }
)

test('others that take of the limit meanwhile leave the round what is left', async () => {
  let meanwhile = async () => {}
  const { service, request, decisionId } = await asked(
    {
      changePolicy: (policy) => {
        const [row] = TABLE.rows
        const table = { ...TABLE, rows: [{ ...row, when: { ...row?.when, purpose: { in: ['rent'] } } }] }
        return { ...policy, tables: [table] } as Policy
      },
      wrapRounds: (store) => ({
        ...store,
        begin: async (...asking) => {
          const begun = await store.begin(...asking)
          await meanwhile()
          return begun
        }
      })
    },
    { purpose: 'rent' }
  )
  meanwhile = async () => {
    const other = application({ applicantId: request.applicantId, amountMinor: 1_200_000 })
    expect((await postDecision(service, other)).json().decision).toBe('APPROVE')
  }
  const next = (await give(service, decisionId, OTP)).json()
  expect(next.limit).toEqual({ currency: 'NGN', amountMinor: 800_000, bindingConstraint: 'EXPOSURE' })
  expect((await recordOf(service, next.decisionId)).exposureMinor).toBe(1_200_000)
})

test('an entity with more waiting than can be read in time takes no evidence yet', async () => {
  const { service, request, decisionId } = await asked({ maxEntityBytes: 100 })
  for (let index = 0; index < 6; index++) {
    const event = { eventId: `e${index}`, type: 'auth.login', occurredAtMs: Date.now(), data: {} }
    await send(service, 'POST', '/v1/events', service.alpha, { ...event, applicantId: request.applicantId })
  }
  expect(told(await give(service, decisionId, OTP))).toBe('429 backlog')
})

/** Returned by a person who asks for two things. */
async function returned(pd: () => number) {
  const { service, decisionId } = await asked({ score: () => approve(pd()), changePolicy: (policy) => policy })
  await relayReviews(service)
  const anna = await service.reviewer('anna')
  await act(service, anna, decisionId, 'claim')
  const body = { reasonCode: 'EVIDENCE_MISSING', nextActions: ['STEP_UP_OTP', 'STEP_UP_INCOME_PROOF'] }
  const back = (await act(service, anna, decisionId, 'return', body)).json()
  expect(back.links.evidence).toBe(`/v1/decisions/${back.decisionId}/evidence`)
  return { service, anna, back }
}

test('after a person has returned it nobody is declined unseen', async () => {
  let pd = REFERRED_PD
  const { service, back } = await returned(() => pd)
  pd = DECLINED_PD
  const third = (await give(service, back.decisionId, OTP)).json()
  expect(third).toMatchObject({ decision: 'REFER', nextActions: [{ type: 'STEP_UP_INCOME_PROOF' }] })
  expect(third.decidedBy).toBeUndefined()
  const fourth = (await give(service, third.decisionId, INCOME)).json()
  expect([fourth.decision, fourth.nextActions]).toEqual(['REFER', undefined])
  await relayReviews(service)
  expect((await service.reviews.read('alpha', [fourth.decisionId]))[0]).toMatchObject({
    cause: 'REFER',
    done: undefined
  })
})

test('nothing is approved before all that the person asked for is there', async () => {
  let pd = REFERRED_PD
  const { service, back } = await returned(() => pd)
  pd = 0.05
  const third = (await give(service, back.decisionId, OTP)).json()
  expect(third).toMatchObject({
    decision: 'REFER',
    offers: [],
    limit: null,
    reasons: [{ code: 'R501' }],
    nextActions: [{ type: 'STEP_UP_INCOME_PROOF', expiresAt: back.nextActions[1].expiresAt }]
  })
  expect((await give(service, third.decisionId, INCOME)).json().decision).toBe('APPROVE')
})

test('rounds with evidence replay to the bit, and so does a referral from before evidence was taken', async () => {
  let champion: Serving | undefined
  let pd = 0.05
  const { service, decisionId } = await asked(
    {
      score: () => approve(pd),
      wrapLineup: (alone) => {
        champion = alone.champion
        return alone
      }
    },
    { purpose: 'travel' }
  )
  const second = (await give(service, decisionId, OTP)).json()
  const third = (await give(service, second.decisionId, INCOME)).json()
  const anna = await service.reviewer('anna')
  await relayReviews(service)
  await act(service, anna, third.decisionId, 'claim')
  const body = { reasonCode: 'EVIDENCE_MISSING', nextActions: ['STEP_UP_OTP', 'STEP_UP_LIVENESS'] }
  const back = (await act(service, anna, third.decisionId, 'return', body)).json()
  const fifth = (await give(service, back.decisionId, { ...OTP, referenceId: 'otp-9' })).json()
  pd = DECLINED_PD
  expect(fifth.round).toBe(5)
  const source = createKeptDecisionSource(service.redis, service.keys)
  const replay = createReplayer({
    servings: {
      find: async () => ({ kind: 'found', serving: champion as OpenServing }),
      trim: async () => {},
      close: async () => {}
    },
    featureSet: createFeatureSet(CATALOGUE),
    quality: createQuality(CATALOGUE),
    monotonicMs: () => performance.now()
  })
  const verdictOf = async (id: string, change: (text: string) => string = (text) => text) => {
    const kept = await source.find(id, 'alpha')
    if (kept === undefined) throw new Error('it is kept')
    const value = Buffer.from(change(kept.value.toString()))
    const { createHash } = await import('node:crypto')
    return (await replay({ ...kept, value, digest: createHash('sha256').update(value).digest('hex') })).verdict
  }
  pd = 0.05
  expect(
    await Promise.all(
      [decisionId, second.decisionId, third.decisionId, back.decisionId, fifth.decisionId].map((id) => verdictOf(id))
    )
  ).toEqual(['same', 'same', 'same', 'person', 'same'])
  const older = (text: string) =>
    text
      .replace(`,"evidence":"/v1/decisions/${decisionId}/evidence"`, '')
      .replace('"evidence":{"given":[],"attemptsLeft":{},"askedByPerson":false,"open":[]},', '')
  expect(await verdictOf(decisionId, (text) => (older(text).length < text.length - 100 ? older(text) : ''))).toBe(
    'same'
  )
  const forgotten = (text: string) => text.replace(/,"evidence":\{"given":\[\{.*?"open":\[[^\]]*\]\}/, '')
  expect(await verdictOf(third.decisionId, forgotten)).toBe('code')
  const otherwise = (text: string) => text.replaceAll('"STEP_UP_INCOME_PROOF":1', '"STEP_UP_INCOME_PROOF":0')
  expect(await verdictOf(third.decisionId, otherwise)).toBe('code')
})
