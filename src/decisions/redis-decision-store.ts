import { hash } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Refs } from '../domain/application.ts'
import { ENTITY_KINDS } from '../domain/event.ts'
import { owedIn } from '../domain/exposure.ts'
import { holdCall } from '../domain/exposure-change.ts'
import { partitionOf, UUID_PATTERN } from '../domain/ids.ts'
import { standingAt } from '../domain/standing.ts'
import { AssayError } from '../errors.ts'
import { appendCall } from '../features/behaviour-store.ts'
import type { EntityStates } from '../features/vector.ts'
import { type BeginCall, begin, type CommitCall, commit, readApplication, release } from '../redis/functions.ts'
import { type Keys, PARTITIONS } from '../redis/keys.ts'
import { createTurnBatcher } from '../redis/turn-batcher.ts'
import type { BeginOutcome, Claim, Commitment, CommitOutcome, DecisionStore } from './store.ts'

export interface RedisDecisionStoreOptions {
  readonly redis: Redis
  readonly keys: Keys
  readonly leaseMs: number
  readonly retentionMs: number
  readonly compactFromBytes: number
  readonly maxEntityBytes: number
}

const DECISION_ID = new RegExp(UUID_PATTERN)
/** Decisions of one call: 32 keep Redis busy for less than a millisecond. */
const MAX_BATCH = 32

/** DecisionStore on Redis: begin and commit are one Redis Function each (redis/lua/20-decisions.lua). */
export function createRedisDecisionStore(options: RedisDecisionStoreOptions): DecisionStore {
  const { redis, keys, leaseMs, retentionMs, compactFromBytes, maxEntityBytes } = options

  const limits = { leaseMs, dueBytes: compactFromBytes, maxBytes: maxEntityBytes }

  const claimKeys = ({ application: { tenant, applicationId }, decisionId, idempotencyKey }: Claim) => ({
    application: keys.application(partitionOf(decisionId), tenant, applicationId),
    idempotency:
      idempotencyKey === undefined ? undefined : keys.idempotency(tenant, hash('sha256', idempotencyKey, 'hex'))
  })

  const beginOne = createTurnBatcher((calls: readonly BeginCall[]) => begin(redis, calls, limits), MAX_BATCH)
  const commitOne = createTurnBatcher((calls: readonly CommitCall[]) => commit(redis, calls, retentionMs), MAX_BATCH)

  const commitCall = ({ claim, value, outbox, hold }: Commitment): CommitCall => {
    const { application, decisionId, fingerprint } = claim
    const partition = partitionOf(decisionId)
    return {
      ...claimKeys(claim),
      decision: keys.decision(partition, application.tenant, decisionId),
      ledger: keys.ledger(partition),
      outbox: keys.outbox(partition),
      fingerprint,
      decisionId,
      value,
      digest: hash('sha256', value, 'hex'),
      effect: outbox,
      exposure: keys.exposure(partition, application.tenant, application.refs.applicant),
      hold: hold === undefined ? undefined : holdCall(decisionId, hold)
    }
  }

  /** A Redis that takes no writes (full, read-only) can still say what was decided before. */
  const lookUp = async (claim: Claim, error: unknown) => {
    if (!(error instanceof Error) || error.name !== 'ReplyError') throw error
    const known = readApplication(await redis.get(claimKeys(claim).application), claim.fingerprint)
    if (known === undefined) throw error
    return known
  }

  return {
    begin: async (claim, submitted) => {
      const { fingerprint, decisionId } = claim
      const { tenant, refs: named } = claim.application
      const standingKey = keys.standing(partitionOf(decisionId), tenant, named.applicant)
      const call = {
        ...appendCall(keys, submitted),
        ...claimKeys(claim),
        fingerprint,
        decisionId,
        standing: standingKey
      }
      const reply = await reachable(beginOne(call).catch((error) => lookUp(claim, error)))
      if (reply.kind !== 'claimed') return reply satisfies BeginOutcome
      const { currency, refs } = claim.application
      const owed = owedIn(reply.exposure, currency, submitted.occurredAtMs)
      const standing = standingAt(reply.standing, submitted.occurredAtMs)
      return { kind: 'claimed', states: toStates(refs, reply.values), owed, standing }
    },
    commit: async (commitment) => {
      const reply = await reachable(commitOne(commitCall(commitment)))
      if (reply.kind !== 'exposed' || commitment.hold === undefined) return reply as CommitOutcome
      return { kind: 'exposed', owed: owedIn(reply.exposure, commitment.hold.currency, commitment.hold.nowMs) }
    },
    release: async (claim) => {
      await reachable(release(redis, claimKeys(claim).application, claim.fingerprint, claim.decisionId))
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

/** Values of the entities that are named, as the states of all kinds. */
export function toStates(refs: Refs, values: readonly (Buffer | null)[]): EntityStates {
  let next = 0
  return ENTITY_KINDS.map((kind) => (refs[kind] === undefined ? null : { profile: values[next++] ?? null, tail: null }))
}

/** Whatever Redis or the wire says, the caller may try again later: nothing was answered. */
async function reachable<Reply>(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply
  } catch (cause) {
    throw new AssayError('store_unavailable', 'the store did not answer in time', { cause, retryAfterSeconds: 1 })
  }
}
