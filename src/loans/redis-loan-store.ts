import type { Redis } from 'ioredis'
import { inOneWrite } from '../redis/in-one-write.ts'
import { type Keys, partitionOfText } from '../redis/keys.ts'
import { loanKeys, parseLoanEvent, settleLoan } from '../redis/loan-functions.ts'
import type { LoanDefaults } from './account.ts'
import { foldLoan } from './fold-loan.ts'
import type { LoanRef, LoanStore, StoredLoan } from './loan-store.ts'

export interface RedisLoanStoreOptions {
  readonly redis: Redis
  readonly keys: Keys
  readonly defaults: LoanDefaults
  /** How long a loan is kept that is closed or given up and was settled. */
  readonly keepMs: number
}

/** LoanStore on Redis; events are noted where they are appended (redis/lua/07-loans.lua), and folded here when they are read. */
export function createRedisLoanStore({ redis, keys, defaults, keepMs }: RedisLoanStoreOptions): LoanStore {
  const read = async (ref: LoanRef): Promise<StoredLoan | undefined> => {
    const [loan] = loanKeys(keys, ref.tenant, ref.applicantToken, ref.loanId)
    const texts = await redis.smembers(loan)
    if (texts.length === 0) return undefined
    return { ref, history: foldLoan(texts.map(parseLoanEvent), defaults), version: texts.length }
  }

  return {
    read,
    find: async (tenant, loanId) => {
      const tokens = (await redis.smembers(keys.loanPlace(tenant, loanId))).sort()
      const found = await Promise.all(tokens.map((applicantToken) => read({ tenant, applicantToken, loanId })))
      // A producer that names two people for one loan told a mistake: the loan is of whom it was paid out to.
      return found.find((loan) => loan?.history.events.some(({ type }) => type === 'loan.disbursed')) ?? found[0]
    },
    listByApplicant: async (tenant, applicantToken, { limit, after = '' }) => {
      const ids = await redis.smembers(keys.applicantLoans(partitionOfText(applicantToken), tenant, applicantToken))
      const page = ids
        .sort()
        .filter((loanId) => loanId > after)
        .slice(0, limit)
      const loans = await Promise.all(page.map((loanId) => read({ tenant, applicantToken, loanId })))
      return loans.filter((loan) => loan !== undefined)
    },
    dueBefore: async (partitions, instantMs, limit) => {
      const range = ['-inf', String(instantMs), 'BYSCORE', 'LIMIT', 0, limit] as const
      const members = await inOneWrite<string[]>(redis, (pipeline) => {
        for (const partition of partitions) pipeline.zrange(keys.loansDue(partition), ...range)
      })
      return members.flat().map(toRef)
    },
    settle: (ref, version, nextAtMs) => settleLoan(redis, keys, { ...ref, version, nextAtMs, keepMs })
  }
}

function toRef(member: string): LoanRef {
  const [tenant = '', applicantToken = '', loanId = ''] = member.split(' ')
  return { tenant, applicantToken, loanId }
}
