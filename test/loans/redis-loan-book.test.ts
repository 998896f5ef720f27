import type { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { foldLoan } from '../../src/loans/fold-loan.ts'
import { walkBorrowers } from '../../src/loans/redis-borrowers.ts'
import { readLoanBook } from '../../src/loans/redis-loan-book.ts'
import { createKeys } from '../../src/redis/keys.ts'
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
  return { scan: async () => steps.shift() } as unknown as Redis
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
