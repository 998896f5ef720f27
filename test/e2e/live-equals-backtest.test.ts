import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { unpackDoubles } from '../../src/decisions/answer.ts'
import { createRedisDecisionStore } from '../../src/decisions/redis-decision-store.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { assay, ROOT, startGateway } from '../support/gateway-process.ts'
import { sharedRedisUrl, uniqueProcessPrefix } from '../support/redis.ts'
import { madeUpHistory } from './histories.ts'

const SUPERLENDER = join(ROOT, '..', 'shared', 'data', 'superlender')
const REAL_APPLICATIONS = 200
const TENANT = 'replay'

interface Line extends Record<string, unknown> {
  readonly applicationId: string
  readonly applicantId: string
  readonly asOf: number
  readonly occurredAtMs: number
}
type Vector = Readonly<Record<string, number | null>>

interface Outcome {
  readonly pd: number | null
  readonly decision: string
  readonly reasons: readonly string[]
  readonly vector: Vector
}

describe('the same history through the live gateway and through backtest', () => {
  test('gives the same vectors, scores and decisions to the bit on made-up loans with shared devices and cards', async () => {
    const folder = await workFolder()
    const { events, applications } = madeUpHistory(20261123)
    await expectEqual(folder, toLines(events), toLines(applications))
  })

  test.skipIf(!existsSync(SUPERLENDER))(
    `gives the same vectors, scores and decisions to the bit on ${REAL_APPLICATIONS} real loans`,
    async () => {
      const folder = await workFolder()
      await assay(['import', 'superlender', SUPERLENDER, '--out', folder])
      const all = await readLines(join(folder, 'applications.ndjson'))
      const step = Math.floor(all.length / REAL_APPLICATIONS)
      const applications = all.filter((_, index) => index % step === 0).slice(0, REAL_APPLICATIONS)
      const people = new Set(applications.map(({ applicantId }) => applicantId))
      const events = (await readLines(join(folder, 'events.ndjson'))).filter(({ applicantId }) =>
        people.has(applicantId)
      )
      expect(applications).toHaveLength(REAL_APPLICATIONS)
      await expectEqual(folder, events, applications)
    },
    120_000
  )
})

async function expectEqual(folder: string, events: Line[], applications: Line[]): Promise<void> {
  const [live, replayed] = [
    await throughGateway(events, applications),
    await throughBacktest(folder, events, applications)
  ]
  expect(live.size).toBe(applications.length)
  for (const [applicationId, outcome] of live) expect(outcome, applicationId).toStrictEqual(replayed.get(applicationId))
  const scores = new Set([...live.values()].map(({ pd }) => pd))
  expect(scores.size, 'scores that differ from one another').toBeGreaterThan(applications.length / 4)
}

/** Posts events and applications in time order, each application as of its own instant, and reads the stored records. */
async function throughGateway(events: Line[], applications: Line[]): Promise<Map<string, Outcome>> {
  const prefix = uniqueProcessPrefix('replay')
  const env = { REDIS_URL: sharedRedisUrl(), REDIS_PREFIX: prefix }
  const { url } = await startGateway({
    ...env,
    TOKEN_KEY: 'ab'.repeat(32),
    ALLOW_AS_OF: 'true',
    DECISION_DEADLINE_MS: '5000'
  })
  const { key } = JSON.parse(await assay(['keys', 'create', '--tenant', TENANT, '--json'], env)) as { key: string }
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body)
    })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer
  }
  const redis = new Redis(env.REDIS_URL)
  onTestFinished(() => redis.disconnect())
  const limits = { leaseMs: 1, retentionMs: 1, compactFromBytes: 1, maxEntityBytes: 1 }
  const store = createRedisDecisionStore({ redis, keys: createKeys(prefix), ...limits })
  const outcomes = new Map<string, Outcome>()
  let next = 0
  for (const { asOf, outcome: _outcome, ...request } of applications) {
    const due: Line[] = []
    while (next < events.length && (events[next] as Line).occurredAtMs <= asOf) due.push(events[next++] as Line)
    for (let from = 0; from < due.length; from += 500) await post('/v1/events', { events: due.slice(from, from + 500) })
    const answer = await post('/v1/decisions', request, { 'assay-as-of': String(asOf) })
    const decision = (await answer.json()) as Decision
    const stored = await store.read(TENANT, decision.decisionId)
    const record = JSON.parse(stored?.record ?? '') as { features: string; pd: number | null }
    const values = unpackDoubles(record.features)
    outcomes.set(decision.applicationId, {
      pd: record.pd,
      decision: decision.decision,
      reasons: decision.reasons.map(({ code }) => code),
      vector: Object.fromEntries(CATALOGUE.map(({ name }, index) => [name, nullable(values[index] as number)]))
    })
  }
  return outcomes
}

async function throughBacktest(folder: string, events: Line[], applications: Line[]): Promise<Map<string, Outcome>> {
  const file = (name: string) => join(folder, name)
  await writeFile(file('e.ndjson'), events.map((line) => `${JSON.stringify(line)}\n`).join(''))
  await writeFile(file('a.ndjson'), applications.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const files = ['--events', file('e.ndjson'), '--applications', file('a.ndjson'), '--out', file('d.ndjson')]
  await assay(['backtest', ...files, '--vectors'])
  const lines = (await readLines(file('d.ndjson'))) as unknown as (Outcome & { applicationId: string })[]
  return new Map(
    lines.map(({ applicationId, pd, decision, reasons, vector }) => [applicationId, { pd, decision, reasons, vector }])
  )
}

const nullable = (value: number): number | null => (Number.isNaN(value) ? null : value)
const toLines = (values: object[]): Line[] => values as Line[]

async function readLines(file: string): Promise<Line[]> {
  const text = await readFile(file, 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

async function workFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-replay-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
