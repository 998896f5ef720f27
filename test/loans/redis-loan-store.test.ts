import { beforeEach, describe, expect, test } from 'vitest'
import { loansCommand } from '../../src/cli/loans.ts'
import type { AssayEvent } from '../../src/domain/event.ts'
import { createBehaviourStore } from '../../src/features/behaviour-store.ts'
import { loanAsOf } from '../../src/loans/fold-loan.ts'
import type { LoanRef, LoanStore } from '../../src/loans/loan-store.ts'
import { createRedisLoanStore } from '../../src/loans/redis-loan-store.ts'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys, type Keys, partitionOfText } from '../../src/redis/keys.ts'
import { addLoanEvents, loanNoteOf } from '../../src/redis/loan-functions.ts'
import { runOnRedis } from '../cli/run-command.ts'
import { connectRedis, sharedRedisUrl, uniquePrefix } from '../support/redis.ts'
import { at, disbursed, loanEvent, paid, UTC } from './loan-events.ts'

const TOKEN = 'a'.repeat(22)
const PARTITION = partitionOfText(TOKEN)
const REF: LoanRef = { tenant: 'alpha', applicantToken: TOKEN, loanId: 'L1' }
const KEEP_MS = 60_000

let redis: Awaited<ReturnType<typeof connectRedis>>
let keys: Keys
let store: LoanStore
let append: (...events: readonly AssayEvent[]) => Promise<unknown>

beforeEach(async () => {
  redis = await connectRedis()
  await loadFunctions(redis)
  keys = createKeys(uniquePrefix('loans'))
  store = createRedisLoanStore({ redis, keys, defaults: UTC, keepMs: KEEP_MS })
  const limits = { compactFromBytes: 2048, maxEntityBytes: 65_536 }
  const behaviour = createBehaviourStore({
    redis,
    keys,
    ...limits,
    nowMs: () => at('2024-06-01'),
    onSetAside: () => {}
  })
  append = (...events) =>
    behaviour.appendAll(events).then((all) => all.map((each) => each.status === 'fulfilled' && each.value))
})

function event(of: ReturnType<typeof paid>, { loanId, applicantToken, tenant } = REF): AssayEvent {
  return { ...of, tenant, refs: { applicant: applicantToken }, data: { ...of.data, loanId } }
}

const RUN = disbursed('2024-01-01', [['2024-01-31', 100]])

describe('the loan book on Redis', () => {
  test('an acknowledged event is in the loan, once, with the other events beside it in one batch', async () => {
    const login: AssayEvent = {
      eventId: 'in',
      type: 'auth.login',
      occurredAtMs: at('2024-01-01'),
      tenant: 'alpha',
      refs: { applicant: TOKEN },
      data: {}
    }
    const payment = event(paid('2024-02-02', 40))
    expect(await append(login, payment, event(RUN), login, payment)).toEqual(Array(5).fill('appended'))
    const stored = await store.find('alpha', 'L1')
    expect(stored).toMatchObject({ ref: REF, version: 2 })
    expect(loanAsOf(stored!.history, at('2024-02-05'))).toMatchObject({
      paidMinor: 40,
      balanceMinor: 60,
      daysPastDue: 5
    })
    expect(await store.find('beta', 'L1')).toBeUndefined()
    expect(await redis.xlen(keys.log(PARTITION))).toBe(5)
  })

  test('an applicant’s loans come in order of their ids, page by page, and nobody else’s with them', async () => {
    const loans = ['L3', 'L1', 'L2'].map((loanId) => event(RUN, { ...REF, loanId }))
    await append(...loans, event(RUN, { ...REF, applicantToken: 'b'.repeat(22), loanId: 'L9' }))
    const ids = async (page: { limit: number; after?: string }) =>
      (await store.listByApplicant('alpha', TOKEN, page)).map(({ ref }) => ref.loanId)
    expect(await ids({ limit: 2 })).toEqual(['L1', 'L2'])
    expect(await ids({ limit: 2, after: 'L2' })).toEqual(['L3'])
    expect(await store.listByApplicant('alpha', 'c'.repeat(22), { limit: 2 })).toEqual([])
  })

  test('a loan to which something happened is due at once, then when it was settled for, then never', async () => {
    await append(event(RUN))
    expect(await store.dueBefore([PARTITION], 0, 10)).toEqual([REF])
    expect(await store.settle(REF, 1, 5000)).toBe(true)
    expect(await store.dueBefore([PARTITION], 4999, 10)).toEqual([])
    expect(await store.dueBefore([PARTITION], 5000, 10)).toEqual([REF])
    expect(await store.settle(REF, 1, undefined)).toBe(true)
    expect(await store.dueBefore([PARTITION], Number.MAX_SAFE_INTEGER, 10)).toEqual([])
    expect(await redis.pttl(keys.loan(PARTITION, 'alpha', 'L1'))).toBeGreaterThan(0)
    await append(event(paid('2024-02-02', 40)))
    expect(await store.dueBefore([PARTITION], 0, 10)).toEqual([REF])
    expect(await redis.pttl(keys.loan(PARTITION, 'alpha', 'L1'))).toBe(-1)
  })

  test('what was decided from an older version settles nothing: the loan stays due', async () => {
    await append(event(RUN))
    const seen = await store.read(REF)
    await append(event(paid('2024-02-02', 40)))
    expect(await store.settle(REF, seen!.version, 5000)).toBe(false)
    expect(await store.dueBefore([PARTITION], 0, 10)).toEqual([REF])
  })

  test('a repeat of an event does not make a settled loan due again', async () => {
    await append(event(RUN))
    await store.settle(REF, 1, 5000)
    await append(event(RUN))
    expect(await store.dueBefore([PARTITION], 4999, 10)).toEqual([])
  })

  test('a loan that is full refuses another event as a whole, takes a repeat, and leaves others alone', async () => {
    const warn = (id: number) =>
      event(loanEvent('loan.warned', at('2024-01-01') + id, { rule: 'r', level: 'none' }) as never)
    const notes = Array.from({ length: 2000 }, (_, id) => loanNoteOf(keys, warn(id))!)
    for (let from = 0; from < 2000; from += 500) await addLoanEvents(redis, notes.slice(from, from + 500))
    const before = await redis.xlen(keys.log(PARTITION))
    const other = event(RUN, { ...REF, loanId: 'L2' })
    expect(await append(warn(2001), warn(7), other)).toEqual(['full', 'appended', 'appended'])
    expect(await redis.xlen(keys.log(PARTITION))).toBe(before + 2)
    expect((await store.read(REF))?.version).toBe(2000)
  })

  test('bin/assay loans rebuild brings back from the log what the loan book lost, and adds nothing twice', async () => {
    await append(event(RUN), event(paid('2024-02-02', 40)))
    const before = await store.find('alpha', 'L1')
    const lost = [keys.loan(PARTITION, 'alpha', 'L1'), keys.loanPlace('alpha', 'L1'), keys.loansDue(PARTITION)]
    await redis.del(...lost, keys.applicantLoans(PARTITION, 'alpha', TOKEN))
    const rebuild = () =>
      runOnRedis(loansCommand, { REDIS_URL: sharedRedisUrl(), REDIS_PREFIX: keys.prefix }, 'rebuild')
    expect((await rebuild()).summary).toEqual({ loanEvents: 2, added: 2 })
    expect((await rebuild()).summary).toEqual({ loanEvents: 2, added: 0 })
    expect(await store.find('alpha', 'L1')).toEqual(before)
    expect(await store.dueBefore([PARTITION], 0, 10)).toEqual([REF])
  })

  test('events of the log that are noted again are counted once', async () => {
    const notes = [event(RUN), event(paid('2024-02-02', 40))].map((each) => loanNoteOf(keys, each)!)
    expect(await addLoanEvents(redis, notes)).toBe(2)
    expect(await addLoanEvents(redis, notes)).toBe(0)
    expect((await store.find('alpha', 'L1'))?.version).toBe(2)
  })
})
