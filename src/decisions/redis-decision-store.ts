import { hash } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Refs } from '../domain/application.ts'
import { type AssayEvent, ENTITY_KINDS } from '../domain/event.ts'
import { partitionOf, UUID_PATTERN } from '../domain/ids.ts'
import { AssayError } from '../errors.ts'
import { entityKeys } from '../features/behaviour-store.ts'
import { serialiseEvent } from '../features/event-json.ts'
import { packRecord } from '../features/record.ts'
import type { EntityStates } from '../features/vector.ts'
import type { CallArgument } from '../redis/encoded-call.ts'
import { begin, commit, readApplication, release } from '../redis/functions.ts'
import { type Keys, PARTITIONS } from '../redis/keys.ts'
import { createTurnBatcher } from '../redis/turn-batcher.ts'
import type { BeginOutcome, Claim, Commitment, DecisionStore } from './store.ts'

export interface RedisDecisionStoreOptions {
  readonly redis: Redis
  readonly keys: Keys
  readonly leaseMs: number
  readonly retentionMs: number
  readonly compactFromBytes: number
  readonly maxEntityBytes: number
}

interface BeginRequest {
  readonly claim: Claim
  readonly submitted: AssayEvent
  readonly record: Buffer
}

const DECISION_ID = new RegExp(UUID_PATTERN)
/** Decisions of one call: 32 keep Redis busy for less than a millisecond. */
const MAX_BATCH = 32

/** DecisionStore on Redis: begin and commit are one Redis Function each (redis/lua/20-decisions.lua). */
export function createRedisDecisionStore(options: RedisDecisionStoreOptions): DecisionStore {
  const { redis, keys, leaseMs, retentionMs, compactFromBytes, maxEntityBytes } = options

  const claimKeys = ({ application, decisionId, idempotencyKey }: Claim): [string, string] => {
    const own = keys.application(partitionOf(decisionId), application.tenant, application.applicationId)
    return [
      own,
      idempotencyKey === undefined ? own : keys.idempotency(application.tenant, hash('sha256', idempotencyKey, 'hex'))
    ]
  }

  const beginOne = createTurnBatcher(async (requests: readonly BeginRequest[]) => {
    const names: string[] = []
    const args: CallArgument[] = [leaseMs, compactFromBytes, maxEntityBytes]
    for (const { claim, submitted, record } of requests) {
      const before = names.length
      names.push(
        ...claimKeys(claim),
        keys.log(partitionOf(claim.decisionId)),
        ...entityKeys(keys, claim.application.refs)
      )
      args.push(names.length - before, claim.fingerprint, claim.decisionId, serialiseEvent(submitted), record)
    }
    return begin(redis, names, args)
  }, MAX_BATCH)

  const commitOne = createTurnBatcher(async (commitments: readonly Commitment[]) => {
    const names: string[] = []
    const args: CallArgument[] = [retentionMs]
    for (const { claim, value, outbox } of commitments) {
      const { application, decisionId, fingerprint } = claim
      const partition = partitionOf(decisionId)
      names.push(...claimKeys(claim), keys.decision(partition, application.tenant, decisionId))
      names.push(keys.ledger(partition), keys.outbox(partition))
      args.push(fingerprint, decisionId, value, hash('sha256', value, 'hex'), outbox ?? '')
    }
    return commit(redis, names, args)
  }, MAX_BATCH)

  /** A Redis that takes no writes (full, read-only) can still say what was decided before. */
  const lookUp = async (claim: Claim, error: unknown) => {
    if (!(error instanceof Error) || error.name !== 'ReplyError') throw error
    const known = readApplication(await redis.get(claimKeys(claim)[0]), claim.fingerprint)
    if (known === undefined) throw error
    return known
  }

  return {
    begin: async (claim, submitted) => {
      const record = packRecord(submitted)
      const reply = await reachable(beginOne({ claim, submitted, record }).catch((error) => lookUp(claim, error)))
      if (reply.kind !== 'claimed') return reply satisfies BeginOutcome
      return { kind: 'claimed', states: toStates(claim.application.refs, reply.values, record) }
    },
    commit: (commitment) => reachable(commitOne(commitment)),
    release: async (claim) => {
      await reachable(release(redis, claimKeys(claim)[0], claim.fingerprint, claim.decisionId))
    },
    read: async (tenant, decisionId) => {
      if (!DECISION_ID.test(decisionId) || partitionOf(decisionId) >= PARTITIONS) return undefined
      const value = await reachable(redis.get(keys.decision(partitionOf(decisionId), tenant, decisionId)))
      if (value === null) return undefined
      const end = value.indexOf('\n')
      return { answer: value.slice(0, end), record: value.slice(end + 1) }
    }
  }
}

/** The reply shows each entity before this application; its own record is what was appended since. */
function toStates(refs: Refs, values: readonly (Buffer | null)[], record: Buffer): EntityStates {
  let next = 0
  return ENTITY_KINDS.map((kind) =>
    refs[kind] === undefined ? null : { profile: values[next++] ?? null, tail: record }
  )
}

/** Whatever Redis or the wire says, the caller may try again later: nothing was answered. */
async function reachable<Reply>(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply
  } catch (cause) {
    throw new AssayError('store_unavailable', 'the store did not answer in time', { cause, retryAfterSeconds: 1 })
  }
}
