import { describe, expect, test } from 'vitest'
import { createRandom } from '../../load-tests/random.ts'
import type { Decision } from '../../src/domain/decision.ts'
import type { EventInput } from '../../src/domain/event.ts'
import { partitionOf } from '../../src/domain/ids.ts'
import { drive } from '../kills/driver.ts'
import { countFindings, type Finding } from '../kills/findings.ts'
import { planKills, VICTIMS } from '../kills/kill-plan.ts'
import { runKills } from '../kills/kill-run.ts'
import { holds, type KillReport, reportJson, reportTable } from '../kills/report.ts'
import { createStories } from '../kills/stories.ts'
import { createUntilAcknowledged, type Post, RefusedError, type Reply } from '../kills/until-acknowledged.ts'
import { buildTestApp, type TestApp } from '../support/app.ts'
import { canStartRedis } from '../support/redis.ts'

const DECISIONS = 60

describe.skipIf(!canStartRedis())('the whole service while kill -9 ends its processes', () => {
  test('counts every acknowledged event and application once, by the very next decision', async () => {
    const report = await runKills({
      decisions: 300,
      kills: 4,
      seed: 1,
      concurrency: 16,
      appendfsync: 'always',
      // Small enough that the ingest worker folds while it happens.
      env: { COMPACT_FROM_BYTES: '256' },
      signal: AbortSignal.timeout(50_000),
      progress: { note: () => {}, tick: () => {} }
    })
    expect(report.findings).toEqual([])
    expect(report).toMatchObject({
      decisions: 300,
      ledger: 300,
      kills: { gateway: 1, ingest: 1, redis: 1, monitor: 1 }
    })
    expect(Object.values(report.retries).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0)
    expect(holds(report)).toBe(true)
  })
})

describe('the check behind it', () => {
  test('finds nothing where nothing is wrong', async () => {
    expect(await findingsOf(({ post }) => post)).toEqual([])
  })

  test('reports an event that was believed acknowledged and never posted as missed', async () => {
    const plant = once('"type":"loan.disbursed"', () => async () => ({ status: 202, body: '' }))
    const findings = await findingsOf(plant)
    expect(countFindings(findings).doubled).toBe(0)
    expect(whatsOf(findings, 'missed')).toContain('applicant.loans_lifetime')
  })

  test('reports an event that was posted under two ids as doubled', async () => {
    const plant = once('"type":"loan.disbursed"', (post) => async (path, body) => {
      const { events, ...event } = JSON.parse(body)
      const all: EventInput[] = events ?? [event]
      await post(path, JSON.stringify({ events: all.map((each) => ({ ...each, eventId: `${each.eventId}.again` })) }))
      return post(path, body)
    })
    const findings = await findingsOf(plant)
    expect(countFindings(findings).missed).toBe(0)
    expect(whatsOf(findings, 'doubled')).toContain('applicant.loans_lifetime')
  })

  test('reports an application that was sent under two ids as doubled, for the applicant and for the device', async () => {
    const plant = once('"applicationId"', (post) => async (path, body) => {
      await post(path, body.replace(/"applicationId":"/, '$&again-'))
      return post(path, body)
    })
    const whats = whatsOf(await findingsOf(plant), 'doubled')
    expect(whats).toContain('applicant.applications_24h')
    expect(whats).toContain('device.applications_24h')
  })

  test('reports an event with another amount as different', async () => {
    const plant = once(
      '"principalMinor"',
      (post) => (path, body) => post(path, body.replace(/"principalMinor":/, '$&1'))
    )
    const findings = await findingsOf(plant)
    expect(countFindings(findings)).toMatchObject({ missed: 0, doubled: 0 })
    expect(whatsOf(findings, 'different')).toContain('applicant.principal_mean')
  })

  test('reports an answered decision that is not stored as missed', async () => {
    const plant = once('"applicationId"', (post, service) => async (path, body) => {
      const reply = await post(path, body)
      await erase(service, reply)
      return reply
    })
    expect(countFindings(await findingsOf(plant))).toMatchObject({ missed: 1, doubled: 0 })
  })

  test('reports two answers to one application as doubled', async () => {
    const answered = new Set<string>()
    const plant =
      ({ post }: Planted): Post =>
      async (path, body) => {
        const reply = await post(path, body)
        const isRepeat = path === '/v1/decisions' && answered.has(body)
        answered.add(body)
        return isRepeat ? { ...reply, body: `${reply.body} ` } : reply
      }
    expect(countFindings(await findingsOf(plant)).doubled).toBeGreaterThan(0)
  })

  test('says so in the table, in the JSON and in the verdict, and so does a ledger that is too long', () => {
    const finding: Finding = {
      kind: 'missed',
      applicationId: 'a',
      what: 'applicant.logins_24h',
      expected: 2,
      actual: 1
    }
    const report: KillReport = {
      decisions: 10,
      events: 20,
      duplicates: 3,
      seed: 1,
      appendfsync: 'always',
      kills: { gateway: 1, ingest: 0, redis: 2, monitor: 0 },
      endedByThemselves: 0,
      retries: { 503: 4 },
      findings: [finding],
      ledger: 10,
      durationMs: 1500
    }
    expect(holds(report)).toBe(false)
    expect(reportTable(report)).toContain('missed: a applicant.logins_24h is 1 instead of 2')
    expect(JSON.parse(reportJson(report))).toMatchObject({
      missed: 1,
      doubled: 0,
      kills: { redis: 2 },
      retries: { 503: 4 }
    })
    expect(holds({ ...report, findings: [] })).toBe(true)
    expect(holds({ ...report, findings: [], ledger: 11 })).toBe(false)
  })
})

describe('sending until acknowledged', () => {
  test('repeats after a broken connection, 409, 429 and 503, with pauses that grow to a limit', async () => {
    const pauses: number[] = []
    const reasons: string[] = []
    const untilAcknowledged = createUntilAcknowledged({
      random: () => 1,
      pause: async (ms) => void pauses.push(ms),
      onRetry: (reason) => void reasons.push(reason)
    })
    const statuses = [0, 409, 429, 503, 503, 503, 503, 500, 202]
    const attempt = async (): Promise<Reply> => {
      const status = statuses.shift() as number
      if (status === 0) throw new Error('cut')
      return { status, body: '' }
    }
    expect((await untilAcknowledged(attempt)).status).toBe(202)
    expect(reasons).toEqual(['broken', '409', '429', '503', '503', '503', '503', '500'])
    expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 500, 500])
  })

  test('gives up on what no repeat changes, and at the end of its tries', async () => {
    let tries = 0
    const untilAcknowledged = createUntilAcknowledged({
      random: () => 0,
      pause: async () => {},
      onRetry: () => void tries++
    })
    await expect(untilAcknowledged(async () => ({ status: 422, body: 'other content' }))).rejects.toThrow('422')
    expect(tries).toBe(0)
    await expect(untilAcknowledged(async () => ({ status: 503, body: '' }))).rejects.toThrow(RefusedError)
    expect(tries).toBe(300)
  })
})

describe('the plan of kills', () => {
  test('is the same for the same seed, spreads over the run and hits every process in any four', () => {
    const plan = planKills(30, 100_000, createRandom(1))
    expect(planKills(30, 100_000, createRandom(1))).toEqual(plan)
    expect(plan.map(({ afterDecisions }) => afterDecisions)).toEqual(
      plan.map(({ afterDecisions }) => afterDecisions).toSorted((left, right) => left - right)
    )
    expect(plan.at(-1)?.afterDecisions).toBeLessThan(90_000)
    for (let from = 0; from + 4 <= 28; from += 4)
      expect(new Set(plan.slice(from, from + 4).map(({ victim }) => victim))).toEqual(new Set(VICTIMS))
  })
})

interface Planted {
  readonly service: TestApp
  readonly post: Post
}

function planted(service: TestApp): Planted {
  const post: Post = async (path, body) => {
    const headers = { ...service.alpha, 'content-type': 'application/json' }
    const answer = await service.app.inject({ method: 'POST', url: path, headers, payload: body })
    return { status: answer.statusCode, body: answer.body }
  }
  return { service, post }
}

/** Drives the application in this process, its posts through what a test planted, and gives back what was found. */
async function findingsOf(plant: (planted: Planted) => Post): Promise<Finding[]> {
  const service = await buildTestApp()
  const findings: Finding[] = []
  // One turn at a time, so that a seed decides where a fault falls.
  await drive(createStories(DECISIONS, 1), 1, {
    post: plant(planted(service)),
    readDecision: (decisionId) => service.store.read('alpha', decisionId),
    untilAcknowledged: createUntilAcknowledged({
      random: createRandom(1),
      pause: () => new Promise((resolve) => setImmediate(resolve)),
      onRetry: () => {}
    }),
    nowMs: Date.now,
    onDecision: (found) => findings.push(...found),
    signal: new AbortController().signal
  })
  return findings
}

/** Plants a fault in the first post that contains a text. */
function once(text: string, fault: (post: Post, service: TestApp) => Post): (planted: Planted) => Post {
  let done = false
  return ({ post, service }) =>
    (path, body) => {
      if (done || !body.includes(text)) return post(path, body)
      done = true
      return fault(post, service)(path, body)
    }
}

const whatsOf = (findings: readonly Finding[], kind: Finding['kind']) =>
  findings.filter((finding) => finding.kind === kind).map(({ what }) => what)

async function erase({ redis, keys }: TestApp, { body }: Reply): Promise<void> {
  const { decisionId } = JSON.parse(body) as Decision
  await redis.del(keys.decision(partitionOf(decisionId), 'alpha', decisionId))
}
