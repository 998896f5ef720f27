import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { parseCommandLine } from '../../src/cli/command.ts'
import { guardCommand } from '../../src/cli/guard.ts'
import type { DecisionFact } from '../../src/guard/aggregates.ts'
import { NO_GUARD } from '../../src/guard/guard-state.ts'
import { loadGuard } from '../../src/guard/load-guard.ts'
import { createDecisionSums, readDecisionSums } from '../../src/guard/redis-decision-sums.ts'
import { createGuardStore, type GuardStore } from '../../src/guard/redis-guard-store.ts'
import { watchGuard } from '../../src/guard/redis-guard-watch.ts'
import { createRunGuard } from '../../src/guard/run-guard.ts'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys, type Keys } from '../../src/redis/keys.ts'
import { application, buildTestApp, postDecision } from '../support/app.ts'
import { connectRedis, sharedRedisUrl, uniquePrefix } from '../support/redis.ts'

const HOUR_MS = 3_600_000
const NOW_MS = Date.UTC(2026, 4, 4, 2)
const shipped = await loadGuard(new URL('../../policies/', import.meta.url))
const SMALL = { ...shipped, policy: { ...shipped.policy, budgetMinor: { cash: 1000 } } }

let redis: Redis
let keys: Keys
let prefix: string
beforeEach(async () => {
  redis = await connectRedis()
  await loadFunctions(redis)
  prefix = uniquePrefix('guard')
  keys = createKeys(prefix)
})

describe('sums of decisions', () => {
  test('are those of all processes, whatever is flushed again', async () => {
    const [one, other] = [sumsOf('one'), sumsOf('other')]
    one.add(fact(300))
    await one.flush()
    one.add(fact(200))
    other.add(fact(500))
    await Promise.all([one.flush(), other.flush()])
    await one.close()
    await other.close()
    const read = await readDecisionSums(redis, keys, NOW_MS, NOW_MS)
    expect(read.map(({ approvedMinor, approved }) => [approvedMinor, approved]).sort()).toEqual([
      [500, 1],
      [500, 2]
    ])
  })

  test('are kept by hour, and read from an hour on', async () => {
    let nowMs = NOW_MS
    const sums = sumsOf('one', () => nowMs)
    sums.add(fact(300))
    nowMs += HOUR_MS
    sums.add(fact(200))
    await sums.close()
    const of = async (sinceMs: number) =>
      (await readDecisionSums(redis, keys, sinceMs, nowMs)).map(({ approvedMinor }) => approvedMinor)
    expect(await of(NOW_MS)).toEqual([300, 200])
    expect(await of(nowMs)).toEqual([200])
  })

  test('go on where they were when the clock is set back into an hour that was over', async () => {
    let nowMs = NOW_MS
    const sums = sumsOf('one', () => nowMs)
    sums.add(fact(300))
    nowMs += HOUR_MS
    await sums.flush()
    nowMs -= 1
    sums.add(fact(200))
    await sums.close()
    expect((await readDecisionSums(redis, keys, NOW_MS, NOW_MS)).map(({ approvedMinor }) => approvedMinor)).toEqual([
      500
    ])
  })

  test('are written by the next flush when one fails, and the fault is told once', async () => {
    const faults: unknown[] = []
    const sums = createDecisionSums({
      redis,
      keys,
      processId: 'one',
      nowMs: () => NOW_MS,
      onFault: (error) => faults.push(error)
    })
    const key = keys.guardSums(NOW_MS / HOUR_MS)
    await redis.set(key, 'no hash')
    sums.add(fact(300))
    await sums.flush()
    await sums.flush()
    expect(faults).toHaveLength(1)
    await redis.del(key)
    await sums.close()
    expect((await readDecisionSums(redis, keys, NOW_MS, NOW_MS)).map(({ approvedMinor }) => approvedMinor)).toEqual([
      300
    ])
  })
})

describe('a look of the guard', () => {
  test('begins anew when somebody wrote meanwhile, and gives up after three tries', async () => {
    const real = createGuardStore(redis, keys)
    let refusals = 1
    const contended = {
      ...real,
      write: async (...args: Parameters<typeof real.write>) => {
        // A person’s release comes in between.
        if (refusals-- > 0) await real.write(await real.read(), { ...NO_GUARD, checkedAtMs: 7 }, [])
        return real.write(...args)
      }
    }
    const run = await overBudget(contended)
    expect(await run()).toBe('done')
    expect((await real.read()).state.restrictions).toHaveLength(1)
    refusals = 3
    expect(await run()).toBe('retry')
    expect((await real.read()).state.restrictions).toEqual([])
  })

  test('two at once and one again restrict once, and both end', async () => {
    const run = await overBudget()
    expect(await Promise.all([run(), run()])).toEqual(['done', 'done'])
    expect(await run()).toBe('done')
    const store = createGuardStore(redis, keys)
    expect((await store.read()).state.restrictions).toMatchObject([
      { id: 'daily-budget.cash', kind: 'pause', value: 1.5 }
    ])
    expect((await store.history(100)).filter(({ kind }) => kind === 'restricted')).toHaveLength(1)
  })

  test('a write from an older state is refused and changes nothing', async () => {
    const store = createGuardStore(redis, keys)
    const old = await store.read()
    expect(await store.write(old, { ...NO_GUARD, checkedAtMs: 1 }, [])).toBe(true)
    const entry = { kind: 'released', atMs: 2, restriction: null as never, people: ['a', 'b'], untilMs: 3 } as const
    expect(await store.write(old, { ...NO_GUARD, checkedAtMs: 2 }, [entry])).toBe(false)
    expect([(await store.read()).state.checkedAtMs, await store.history(10)]).toEqual([1, []])
  })

  test('that cannot read its aggregates tells it, does nothing, and frees nothing', async () => {
    await (await overBudget())()
    const unread: string[] = []
    const blind = runOf(async () => Promise.reject(new Error('no answer')), unread)
    expect(await blind()).toBe('done')
    expect(new Set(unread)).toEqual(new Set(['decisions', 'loans']))
    const { restrictions, judgements } = (await createGuardStore(redis, keys).read()).state
    expect(restrictions).toHaveLength(1)
    expect(new Set(judgements.map(({ level }) => level))).toEqual(new Set(['unknown']))
  })
})

describe('a gateway', () => {
  test('holds back what the guard paused, from memory, and only that', async () => {
    const watch = watched()
    await watch.look()
    expect(watch.restraintOf({ product: 'cash', tenant: 'alpha' })).toBe(undefined)
    await (await overBudget())()
    await watch.look()
    expect(watch.restraintOf({ product: 'cash', tenant: 'alpha' })).toEqual({
      limitShare: 0,
      by: ['daily-budget.cash']
    })
    expect(watch.restraintOf({ product: 'consumer', tenant: 'alpha' })).toBe(undefined)
  })

  test('goes on with what it knew while the state cannot be read, or is none', async () => {
    const faults: unknown[] = []
    const watch = watched(faults)
    await (await overBudget())()
    await watch.look()
    await redis.hset(keys.guardState(), { v: 99, s: '{}' })
    await watch.look()
    expect(faults).toMatchObject([{ code: 'internal_error' }])
    expect(watch.restraintOf({ product: 'cash', tenant: 'alpha' })).toMatchObject({ limitShare: 0 })
  })

  test('refers what it would approve of a paused product, and declines what it would decline', async () => {
    const paused = await buildTestApp({ restraintOf: () => ({ limitShare: 0, by: ['daily-budget.cash'] }) })
    const referred = (await postDecision(paused, application())).json()
    expect(referred).toMatchObject({ decision: 'REFER', reasons: [{ code: 'R902' }], offers: [], limit: null })
    const young = application({ applicant: { birthYear: new Date().getFullYear() - 16 } })
    expect((await postDecision(paused, young)).json()).toMatchObject({
      decision: 'DECLINE',
      reasons: [{ code: 'R201' }]
    })
  })

  test('grants a part of the limit where it was tightened, and says why', async () => {
    const open = await buildTestApp()
    const tight = await buildTestApp({ restraintOf: () => ({ limitShare: 0.5, by: ['fpd30-rise.cash'] }) })
    const asked = { amountMinor: 3_000_000 }
    const free = (await postDecision(open, application(asked))).json()
    const held = (await postDecision(tight, application(asked))).json()
    expect(held.limit.bindingConstraint).toBe('PORTFOLIO')
    expect(held.limit.amountMinor).toBeLessThanOrEqual(free.limit.amountMinor / 2)
    expect(held.reasons.map(({ code }: { code: string }) => code)).toEqual(
      held.limit.amountMinor < asked.amountMinor ? ['R902'] : []
    )
  })
})

describe('assay guard', () => {
  test('check reads the file, status shows what is held back, release needs two people and is told', async () => {
    expect(await runGuard('check')).toContain(`"guard":"${shipped.id}"`)
    await (await overBudget())()
    expect(await runGuard('status')).toContain('daily-budget.cash: paused')
    const id = 'daily-budget.cash'
    await expect(runGuard('release', id, '--approver', 'Ann')).rejects.toThrow('2 different people')
    await expect(runGuard('release', id, '--approver', 'Ann', '--approver', ' ann')).rejects.toThrow(
      '2 different people'
    )
    await expect(runGuard('release', 'other', '--approver', 'Ann', '--approver', 'Bob')).rejects.toThrow(id)
    await runGuard('release', id, '--approver', 'Ann', '--approver', 'Bob')
    const status = await runGuard('status')
    expect(status).toContain('nothing is held back')
    expect(status).toContain(`${id} released by ann and bob`)
    await (await overBudget())()
    expect(await runGuard('status')).toContain('nothing is held back')
  })
})

function sumsOf(processId: string, nowMs = () => NOW_MS) {
  const sums = createDecisionSums({ redis, keys, processId, nowMs, onFault: (error) => expect(error).toBe(undefined) })
  onTestFinished(sums.close)
  return sums
}

function fact(amountMinor: number): DecisionFact {
  return { product: 'cash', partner: 'alpha', isApproved: true, amountMinor, isAbove4Lpr: false, pd: 0.1, funding: [] }
}

/** 1,500 approved today of a budget of 1,000. */
async function overBudget(store?: GuardStore) {
  const sums = sumsOf('one')
  sums.add(fact(1500))
  await sums.flush()
  return runOf((sinceMs, nowMs) => readDecisionSums(redis, keys, sinceMs, nowMs), [], store)
}

function runOf(
  readSums: Parameters<typeof createRunGuard>[0]['readSums'],
  unread: string[] = [],
  store: GuardStore = createGuardStore(redis, keys)
) {
  return createRunGuard({
    loadGuard: async () => SMALL,
    store,
    readSums,
    readLoans: async () => {
      throw new Error('nobody has added them up')
    },
    nowMs: () => NOW_MS,
    onLooked: () => {},
    onUnread: (what) => unread.push(what)
  })
}

function watched(faults: unknown[] = []) {
  const watch = watchGuard({
    redis,
    keys,
    nowMs: () => NOW_MS,
    onChange: () => {},
    onFault: (error) => faults.push(error)
  })
  onTestFinished(watch.close)
  return watch
}

async function runGuard(...args: string[]): Promise<string> {
  const lines: string[] = []
  await guardCommand.run({
    ...parseCommandLine(guardCommand, args),
    env: { REDIS_URL: sharedRedisUrl(), REDIS_PREFIX: prefix },
    print: (line) => void lines.push(line),
    progress: () => {}
  })
  return lines.join('\n')
}
