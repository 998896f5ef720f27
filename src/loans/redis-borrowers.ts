import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { inOneWrite } from '../redis/in-one-write.ts'
import { type Keys, PARTITIONS, partitionOfText } from '../redis/keys.ts'
import type { LoanRef } from './loan-store.ts'

export type Borrower = Pick<LoanRef, 'tenant' | 'applicantToken'>

/** Keys, or borrowers, that Redis looks at in one go. */
const SCAN_COUNT = 200
/** For everybody who was found and looked at: decisions come first. */
const REST_A_BORROWER_MS = 0.5
/** The least behind a step, which holds Redis for a tenth of that at most. */
const SHORT_REST_MS = 1
/** After that the list is made good by a look through all keys: whoever looks at loans may be of a release that notes nobody. */
const LIST_HOLDS_MS = 86_400_000

/**
 * Everybody with a loan, some at a time, with a rest before the next some. Somebody may come twice, as SCAN does it; whoever has a
 * first loan meanwhile may be missing. They are listed by whoever looks at loans; all keys of Redis are gone through once a day.
 *
 * @param restMs by how many people were found
 */
export async function* walkBorrowers(
  redis: Redis,
  keys: Keys,
  restMs: (found: number) => number = (found) => Math.max(SHORT_REST_MS, found * REST_A_BORROWER_MS)
): AsyncGenerator<readonly Borrower[]> {
  const isListed = (await redis.exists(keys.borrowersListed())) === 1
  for await (const { people, isLast } of isListed ? listed(redis, keys) : searched(redis, keys)) {
    if (people.length > 0) yield people
    if (!isLast) await sleep(restMs(people.length))
  }
}

/** Lists borrowers: they are found by it from then on. */
export async function noteBorrowers(redis: Redis, keys: Keys, people: readonly Borrower[]): Promise<void> {
  const byPartition = Map.groupBy(people, ({ applicantToken }) => partitionOfText(applicantToken))
  await inOneWrite(redis, (pipeline) => {
    for (const [partition, of] of byPartition)
      pipeline.sadd(keys.borrowers(partition), ...of.map(({ tenant, applicantToken }) => `${tenant} ${applicantToken}`))
  })
}

interface Step {
  readonly people: readonly Borrower[]
  readonly isLast: boolean
}

async function* listed(redis: Redis, keys: Keys): AsyncGenerator<Step> {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    let cursor = '0'
    do {
      const [next, members] = await redis.sscan(keys.borrowers(partition), cursor, 'COUNT', SCAN_COUNT)
      cursor = next
      const people = members.map((member) => borrowerOf(member.split(' ')))
      yield { people, isLast: cursor === '0' && partition === PARTITIONS - 1 }
    } while (cursor !== '0')
  }
}

async function* searched(redis: Redis, keys: Keys): AsyncGenerator<Step> {
  let cursor = '0'
  do {
    const [next, names] = await redis.scan(cursor, 'MATCH', keys.applicantLoansPattern(), 'COUNT', SCAN_COUNT)
    cursor = next
    const people = names.map((key) => borrowerOf(key.split(':').slice(-2)))
    await noteBorrowers(redis, keys, people)
    yield { people, isLast: cursor === '0' }
  } while (cursor !== '0')
  await redis.set(keys.borrowersListed(), '1', 'PX', LIST_HOLDS_MS)
}

function borrowerOf([tenant = '', applicantToken = '']: readonly string[]): Borrower {
  return { tenant, applicantToken }
}
