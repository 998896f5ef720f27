import { expect, test } from 'vitest'
import { exposureCommand } from '../../src/cli/exposure.ts'
import { type CheckedExposure, checkExposures } from '../../src/cli/exposure-check.ts'
import { partitionOf } from '../../src/domain/ids.ts'
import type { Policy } from '../../src/policy/schema.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { runHistories } from '../exposure/run-histories.ts'
import { application, approve, buildTestApp, postDecision, type TestApp } from '../support/app.ts'
import { connectRedis, sharedRedisUrl, uniquePrefix } from '../support/redis.ts'
import { act, REFERRED_PD, relayReviews, send } from '../support/reviewing.ts'
import { runOnRedis } from './run-command.ts'

const DAY_MS = 86_400_000
const envOf = ({ keys }: TestApp) => ({ REDIS_URL: sharedRedisUrl(), REDIS_PREFIX: keys.prefix })
const check = (service: TestApp, ...more: string[]) =>
  runOnRedis(exposureCommand, envOf(service), 'check', '--rate', '0', ...more)

let serial = 0
async function tell(service: TestApp, applicantId: string, type: string, data: object) {
  const event = { eventId: `event-${++serial}`, type, occurredAtMs: Date.now(), applicantId, data }
  const answer = await send(service, 'POST', '/v1/events', service.alpha, event)
  expect(answer.statusCode, answer.body).toBe(202)
}

/** An approved application and where what its applicant owes is kept. */
async function approved(service: TestApp, changes: Parameters<typeof application>[0] = {}) {
  const request = application(changes)
  const decision = (await postDecision(service, request)).json()
  const { record = '{}' } = (await service.store.read('alpha', decision.decisionId)) ?? {}
  const partition = partitionOf(decision.decisionId)
  const token = JSON.parse(record).application.refs.applicant
  return {
    request,
    decision,
    person: request.applicantId,
    partition,
    token,
    key: service.keys.exposure(partition, 'alpha', token)
  }
}

const repayment = (amountMinor: number) => ({ loanId: 'paid', instalmentNo: 1, dueAtMs: Date.now(), amountMinor })

/** A partner’s day: offers held, cancelled, paid out, repaid, closed, and decided again by a person. */
async function aDay() {
  let pd = 0.05
  const changePolicy = (policy: Policy): Policy => ({ ...policy, velocity: [] })
  const service = await buildTestApp({ score: () => approve(pd), changePolicy })
  const held = await approved(service)
  const cancelled = await approved(service)
  await send(service, 'POST', `/v1/decisions/${cancelled.decision.decisionId}/cancel`, service.alpha)
  const paid = await approved(service)
  const { decisionId } = paid.decision
  await tell(service, paid.person, 'loan.disbursed', { loanId: 'paid', termDays: 30, decisionId })
  await tell(service, paid.person, 'repayment.received', repayment(700_000))
  const closed = await approved(service)
  await tell(service, closed.person, 'loan.disbursed', {
    loanId: 'closed',
    termDays: 30,
    decisionId: closed.decision.decisionId
  })
  await tell(service, closed.person, 'loan.closed', {
    loanId: 'closed',
    disbursedAtMs: Date.now(),
    dueAtMs: Date.now()
  })
  const replaced = await approved(service, { amountMinor: 4_000_000 })
  await send(service, 'POST', `/v1/decisions/${replaced.decision.decisionId}/review-requests`, service.alpha, {})
  pd = REFERRED_PD
  const referred = await approved(service)
  await relayReviews(service)
  const anna = await service.reviewer('anna')
  for (const { decision } of [referred, replaced]) {
    await act(service, anna, decision.decisionId, 'claim')
    const said = await act(service, anna, decision.decisionId, 'approve', { reasonCode: 'INCOME_VERIFIED' })
    expect(said.statusCode, said.body).toBe(200)
  }
  pd = 0.05
  return { service, held, paid }
}

test('what everybody owes after a day is what decisions and log say', async () => {
  const { service } = await aDay()
  const { summary, exitCode } = await check(service)
  expect(summary).toMatchObject({ applicants: 6, same: 6, less: 0, more: 0, other: 0, unknown: 0, isLogWhole: true })
  expect(exitCode).toBe(0)
})

test.each([
  ['is lost', 'less', 1, () => undefined],
  ['says less of a loan', 'less', 1, (stored: string) => stored.replace('"paid":[2000000', '"paid":[1000000')],
  ['says more of a loan', 'more', 1, (stored: string) => stored.replace('"paid":[2000000', '"paid":[2100000')],
  [
    'says another repayment that leaves as much',
    'other',
    1,
    (stored: string) => stored.replace('"paid":[2000000', '"paid":[2000001')
  ],
  ['is of another loan', 'other', 1, (stored: string) => stored.replace('"paid"', '"other"')],
  ['did not fit', 'unknown', 0, (stored: string) => stored.replace('{', '{"f":1,')],
  ['is no exposure', 'unreadable', 1, () => 'x']
] as const)('what %s is told as %s', async (_, verdict, code, damage) => {
  const { service, paid } = await aDay()
  const stored = (await service.redis.get(paid.key)) ?? ''
  // Repayable in total bounds what is left as well.
  const wider = stored.replace(/("paid":\[2000000,)\d+/, '$1-1')
  const damaged = damage(verdict === 'more' ? wider : stored)
  if (damaged === undefined) await service.redis.del(paid.key)
  else await service.redis.set(paid.key, damaged)
  const { summary, exitCode, output } = await check(service)
  expect([summary[verdict], summary.same, exitCode], output).toEqual([1, 5, code])
  const told = output.split('\n').find((line) => line.includes(paid.token)) ?? '{}'
  expect(JSON.parse(told)).toMatchObject({ tenant: 'alpha', applicant: paid.token, verdict })
  expect(output).not.toContain(paid.person)
  const repaired = await check(service, '--repair')
  expect([repaired.summary[verdict], repaired.summary.repaired, repaired.exitCode], repaired.output).toEqual([1, 1, 0])
  expect((await check(service)).summary).toMatchObject({ same: 6, repaired: 0 })
  const after = JSON.parse((await service.redis.get(paid.key)) ?? '{}')
  expect([after, await service.redis.pttl(paid.key)]).toEqual([{ l: JSON.parse(stored).l }, -1])
})

test('an offer that is held and was not made, and one that was made and is not held, are told apart', async () => {
  const { service, held } = await aDay()
  const stored = (await service.redis.get(held.key)) ?? ''
  await service.redis.set(held.key, stored.replace(held.decision.decisionId, '01a20b04-023e-7032-ba6a-6f2877a5bfec'))
  const { output, summary } = await check(service)
  expect(summary).toMatchObject({ other: 1, same: 5 })
  expect(output).toContain(`held ${held.decision.decisionId}`)
  expect(output).toContain('held 01a20b04-023e-7032-ba6a-6f2877a5bfec')
})

test('a log that was trimmed leaves the loans to the loan book', async () => {
  const { service, paid } = await aDay()
  await service.redis.xtrim(service.keys.log(paid.partition), 'MAXLEN', 0)
  const { summary, exitCode } = await check(service)
  expect([summary.isLogWhole, summary.same, exitCode]).toEqual([false, 6, 0])
  const stored = (await service.redis.get(paid.key)) ?? ''
  await service.redis.set(paid.key, stored.replace('"l":{', '"l":{"older":[900000,-1,0,0,0,"NGN","aa"],'))
  expect((await check(service, '--repair')).summary).toMatchObject({ more: 1, same: 5 })
  expect(Object.keys(JSON.parse((await service.redis.get(paid.key)) ?? '{}').l).sort()).toEqual(['older', 'paid'])
  await service.redis.del(paid.key)
  expect((await check(service, '--repair')).summary).toMatchObject({ less: 1, repaired: 1 })
  expect(JSON.parse((await service.redis.get(paid.key)) ?? '{}').l.paid.slice(0, 6)).toEqual(
    JSON.parse(stored).l.paid.slice(0, 6)
  )
})

test('a check finds nothing while decisions and events come between all that it reads', async () => {
  const { service, paid } = await aDay()
  const redis = await connectRedis()
  const found: CheckedExposure[] = []
  const rolling = await approved(service, { amountMinor: 500_000 })
  let { decisionId } = rolling.decision
  const steps = [
    () => tell(service, paid.person, 'repayment.received', repayment(1000)),
    () => send(service, 'POST', `/v1/decisions/${decisionId}/cancel`, service.alpha),
    async () => {
      const again = await approved(service, { applicantId: rolling.person, amountMinor: 500_000 })
      expect(again.decision.decision).toBe('APPROVE')
      decisionId = again.decision.decisionId
    }
  ]
  let step = 0
  const { applicants } = await checkExposures({
    redis,
    keys: createKeys(service.keys.prefix),
    pace: async () => {
      for (const live of steps) await live()
      step++
    },
    nowMs: Date.now,
    isRepair: false,
    onChecked: async (checked) => void found.push(checked),
    onPartition: () => {}
  })
  expect(found).toEqual([])
  expect([applicants, step > 150]).toEqual([7, true])
})

test('a repair that others overtake looks again, and puts back no more than is so by then', async () => {
  const { service, held, paid } = await aDay()
  const redis = await connectRedis()
  await service.redis.del(held.key, paid.key)
  const repaired: unknown[] = []
  /** What happens to somebody whose exposure is watched, the first times. */
  const cancel = () => send(service, 'POST', `/v1/decisions/${held.decision.decisionId}/cancel`, service.alpha)
  const repay = () => tell(service, paid.person, 'repayment.received', repayment(100_000))
  const happening = new Map<unknown, (() => Promise<unknown>)[]>([
    [held.key, [cancel]],
    [paid.key, [repay, repay, repay]]
  ])
  let watched: unknown
  const watch = redis.watch.bind(redis) as (...names: unknown[]) => Promise<'OK'>
  redis.watch = ((...names: unknown[]) => {
    watched = names[0]
    return watch(...names)
  }) as typeof redis.watch
  await checkExposures({
    redis,
    keys: createKeys(service.keys.prefix),
    // Behind what the fold has read of the log, in front of the write.
    pace: async () => {
      const happens = happening.get(watched)?.shift()
      watched = undefined
      await happens?.()
    },
    nowMs: Date.now,
    isRepair: true,
    onChecked: async (checked) => void repaired.push(checked.repaired),
    onPartition: () => {}
  })
  expect(repaired).toEqual(['written', 'written'])
  expect([...happening.values()].flat()).toEqual([])
  expect((await check(service)).summary).toMatchObject({ same: 6 })
  expect(await service.redis.get(held.key)).toBeNull()
  expect(JSON.parse((await service.redis.get(paid.key)) ?? '{}').l.paid[3]).toBe(1_000_000)
})

test('after random histories with crashes every loan is what the log says', async () => {
  const prefix = uniquePrefix('exposure-check')
  const { lived } = await runHistories({ histories: 40, seed: 11, prefix, connect: (name) => connectRedis({ name }) })
  expect(lived).toBe(40)
  const found: CheckedExposure[] = []
  const { applicants, outcomes, events, decisions } = await checkExposures({
    redis: await connectRedis(),
    keys: createKeys(`${prefix}0`),
    pace: async () => {},
    // Behind all offers: their clocks were those of the histories.
    nowMs: () => Date.parse('2026-11-25T10:00:00Z') + 100 * DAY_MS,
    isRepair: false,
    onChecked: async (checked) => void found.push(checked),
    onPartition: () => {}
  })
  expect(found).toEqual([])
  expect([applicants, outcomes.same]).toEqual([applicants, applicants])
  expect([applicants > 30, events > 50, decisions > 50]).toEqual([true, true, true])
})

test('a call that is not a check is refused', async () => {
  await expect(runOnRedis(exposureCommand, {}, 'mend')).rejects.toThrow('assay exposure check')
  await expect(runOnRedis(exposureCommand, {}, 'check', '--rate', 'fast')).rejects.toThrow('--rate')
})
