import type { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { foldLoan } from '../../src/loans/fold-loan.ts'
import { type Borrower, noteBorrowers, walkBorrowers } from '../../src/loans/redis-borrowers.ts'
import { readLoanBook } from '../../src/loans/redis-loan-book.ts'
import { createKeys, partitionOfText } from '../../src/redis/keys.ts'
import { connectRedis, uniquePrefix } from '../support/redis.ts'
import { UTC } from './loan-events.ts'

const KEYS = createKeys('book')
const ANN = KEYS.applicantLoans(1, 'alpha', 'ann')
const BOB = KEYS.applicantLoans(2, 'beta', 'bob')
/** As Redis may answer while its table grows: an empty step, and a key twice. A real one does so when it pleases. */
const twice = () => {
  const steps: [string, string[]][] = [
    ['9', [ANN]],
    ['4', []],
    ['0', [BOB, ANN]]
  ]
  return {
    exists: async () => 0,
    scan: async () => steps.shift(),
    pipeline: () => ({ length: 0, sadd: () => {} }),
    set: async () => 'OK'
  } as unknown as Redis
}

test('everybody with a loan is walked by, with a rest behind each step but the last', async () => {
  const found: string[][] = []
  const rests: number[] = []
  const walk = walkBorrowers(twice(), KEYS, (people) => {
    rests.push(people)
    return 0
  })
  for await (const people of walk) found.push(people.map(({ tenant, applicantToken }) => `${tenant} ${applicantToken}`))
  expect(found).toEqual([['alpha ann'], ['beta bob', 'alpha ann']])
  expect(rests).toEqual([1, 0])
})

test('the loans of somebody whom Redis gives twice are read once', async () => {
  const loans = {
    listByApplicant: async (tenant: string, applicantToken: string) => [
      { ref: { tenant, applicantToken, loanId: 'L1' }, history: foldLoan([], UTC), version: 1 }
    ]
  }
  const read: string[] = []
  for await (const { ref } of readLoanBook({ redis: twice(), keys: KEYS, loans })) read.push(ref.applicantToken)
  expect(read).toEqual(['ann', 'bob'])
})

test('all keys are gone through once a day; in between whoever looks at loans says whose they are', async () => {
  const redis = await connectRedis()
  const keys = createKeys(uniquePrefix('borrowers'))
  const [ann, bob, cem] = [1, 2, 3].map((id) => ({ tenant: 'alpha', applicantToken: `person-${id}` }))
  const owes = (person: Borrower) =>
    redis.sadd(keys.applicantLoans(partitionOfText(person.applicantToken), person.tenant, person.applicantToken), 'L1')
  const walked = async () => {
    const found: Borrower[] = []
    for await (const people of walkBorrowers(redis, keys, () => 0)) found.push(...people)
    return found.toSorted((one, other) => (one.applicantToken < other.applicantToken ? -1 : 1))
  }
  await owes(ann!)
  expect(await walked()).toEqual([ann])
  // Found in the list alone, and in the keys alone.
  await noteBorrowers(redis, keys, [ann!, bob!])
  await owes(cem!)
  expect(await walked()).toEqual([ann, bob])
  expect(await redis.pttl(keys.borrowersListed())).toBeGreaterThan(86_000_000)
  await redis.del(keys.borrowersListed())
  expect(await walked()).toEqual([ann, cem])
  expect(await walked()).toEqual([ann, bob, cem])
})

test('a walk that was broken off leaves the list to be made by the next', async () => {
  const redis = await connectRedis()
  const keys = createKeys(uniquePrefix('borrowers'))
  for (let id = 0; id < 600; id++) {
    const token = `person-${id}`
    await redis.sadd(keys.applicantLoans(partitionOfText(token), 'alpha', token), 'L1')
  }
  for await (const people of walkBorrowers(redis, keys, () => 0)) if (people.length > 0) break
  expect(await redis.exists(keys.borrowersListed())).toBe(0)
  let found = 0
  for await (const people of walkBorrowers(redis, keys, () => 0)) found += people.length
  expect(found).toBeGreaterThanOrEqual(600)
  const listed = new Set<string>()
  for await (const people of walkBorrowers(redis, keys, () => 0))
    for (const { applicantToken } of people) listed.add(applicantToken)
  expect(listed.size).toBe(600)
})
