import { describe, expect, test } from 'vitest'
import { createPartnerKeys } from '../../src/access/partner-keys.ts'
import { compileCheck } from '../../src/domain/check.ts'
import { AssayError } from '../../src/errors.ts'
import { treePd } from '../../src/explanation/margin.ts'
import type { ModelLibrary } from '../../src/explanation/model-library.ts'
import { type Explanation, ExplanationSchema } from '../../src/explanation/schema.ts'
import { createAttribution } from '../../src/inference/attribution.ts'
import type { VerifiedModel } from '../../src/inference/model.ts'
import type { Tree } from '../../src/inference/protocol.ts'
import { application, buildTestApp, postDecision, type TestApp, type TestAppOptions } from '../support/app.ts'

const check = compileCheck(ExplanationSchema)

/** Who has borrowed before is good; more than two applications a day from a device are bad. */
const TREES: readonly Tree[] = [
  {
    feature: [0, 0, 0],
    threshold: [1, 0, 0],
    left: [1, -1, -1],
    right: [2, -1, -1],
    missingLeft: [true, true, true],
    value: [0, 0.5, -2]
  },
  {
    feature: [1, 0, 0],
    threshold: [3, 0, 0],
    left: [1, -1, -1],
    right: [2, -1, -1],
    missingLeft: [true, true, true],
    value: [0, -0.25, 1]
  }
]
const REFERENCE = Float32Array.of(4, 1)
const input = { missing: 'allowed', range: [0, 512] } as const
const MODEL = {
  id: 'test@sha256:0',
  manifest: {
    name: 'credit',
    version: '1.0.0',
    inputs: [
      { ...input, name: 'applicant.loans_lifetime', group: 'R130', reference: 4 },
      { ...input, name: 'device.applications_24h', group: 'R120', reference: 1 }
    ],
    scoreScale: { baseScore: 600, baseOdds: 50, pointsToDouble: 20 },
    population: { products: ['cash'], currencies: ['NGN'] }
  },
  scorerData: { modelBytes: new Uint8Array(), inputCount: 2, trees: TREES, reference: REFERENCE }
} as unknown as VerifiedModel

const models: ModelLibrary = { find: async (_role, id) => (id === MODEL.id ? MODEL : undefined) }

const score: NonNullable<TestAppOptions['score']> = (row) => {
  const contributions = new Float64Array(2)
  createAttribution(TREES, REFERENCE, 2)(row, contributions)
  return { kind: 'scored', pd: treePd(TREES, row), contributions }
}

const explain = ({ app }: TestApp, decisionId: string, headers: Readonly<Record<string, string>>) =>
  app.inject({ url: `/v1/decisions/${decisionId}/explanation`, headers })

async function decided(options: TestAppOptions = {}) {
  const service = await buildTestApp({ score, models, ...options })
  const answer = (await postDecision(service, application())).json()
  return { service, answer, decisionId: answer.decisionId as string }
}

describe('GET /v1/decisions/{id}/explanation', () => {
  test('explains what was answered, in the shape that the API describes', async () => {
    const { service, answer, decisionId } = await decided()
    expect(answer.decision).toBe('DECLINE')
    const response = await explain(service, decisionId, service.alpha)
    expect(response.statusCode).toBe(200)
    const explanation = response.json<Explanation>()
    expect(check(explanation)).toMatchObject({ ok: true })
    expect(explanation).toMatchObject({
      decisionId,
      decision: 'DECLINE',
      reasons: answer.reasons,
      score: answer.score,
      attribution: {
        model: MODEL.id,
        source: 'recorded',
        margin: 0.25,
        referenceMargin: -2.25,
        groups: [
          { code: 'R130', contribution: 2.5 },
          { code: 'R120', contribution: 0 }
        ],
        features: [
          { name: 'applicant.loans_lifetime', unit: 'count', value: 0, reference: 4, contribution: 2.5 },
          { name: 'device.applications_24h', value: 0, reference: 1, contribution: 0 }
        ]
      },
      changes: { status: 'none', cause: null, items: [] },
      links: { self: `/v1/decisions/${decisionId}/explanation`, decision: answer.links.self }
    })
  })

  test('is for the partner whose decision it is, with a key that may read decisions', async () => {
    const { service, decisionId } = await decided()
    const other = await explain(service, decisionId, service.beta)
    expect([other.statusCode, other.json().code]).toEqual([404, 'not_found'])
    expect((await explain(service, decisionId, {})).statusCode).toBe(401)
    const { key } = await createPartnerKeys(service.redis, service.keys).create('alpha', ['events'], Date.now())
    expect((await explain(service, decisionId, { authorization: `Bearer ${key}` })).statusCode).toBe(403)
  })

  test.each(['none', '01a20b2d-00fc-702f-86a5-41697f0410ca'])('answers 404 for %s', async (id) => {
    const service = await buildTestApp({ models })
    const response = await explain(service, id, service.alpha)
    expect([response.statusCode, response.json().code]).toEqual([404, 'not_found'])
    expect(response.headers['content-type']).toContain('application/problem+json')
  })

  test('answers 503 while the store is away', async () => {
    const unavailable = new AssayError('store_unavailable', 'the store did not answer in time', {
      retryAfterSeconds: 1
    })
    const service = await buildTestApp({
      models,
      wrapStore: (store) => ({ ...store, read: () => Promise.reject(unavailable) })
    })
    const response = await explain(service, '01a20b2d-00fc-702f-86a5-41697f0410ca', service.alpha)
    expect([response.statusCode, response.json().code, response.headers['retry-after']]).toEqual([
      503,
      'store_unavailable',
      '1'
    ])
  })

  test('answers 409 and says which model is no longer here', async () => {
    const { service, decisionId } = await decided({ models: { find: async () => undefined } })
    const response = await explain(service, decisionId, service.alpha)
    expect(response.statusCode).toBe(409)
    expect(response.json()).toMatchObject({
      code: 'explanation_unavailable',
      retryable: false,
      detail: expect.stringContaining(MODEL.id),
      errors: [{ field: '/trace/models/credit', problem: 'is no longer here' }]
    })
  })
})
