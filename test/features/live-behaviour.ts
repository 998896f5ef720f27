import fc from 'fast-check'
import type { AssayEvent } from '../../src/domain/event.ts'
import { hash32 } from '../../src/domain/hash.ts'
import { createBehaviourStore, entityKeys } from '../../src/features/behaviour-store.ts'
import { createCompactor } from '../../src/features/compactor.ts'
import { createEntityStore } from '../../src/features/entity-store.ts'
import { History } from '../../src/features/history.ts'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { createLogStreams } from '../../src/redis/log-entries.ts'
import { connectRedis, sharedRedisUrl, uniquePrefix } from '../support/redis.ts'
import { arbitraryHistory, NOW_MS } from './behaviour.ts'

/** The store as the service uses it, under a prefix of its own. */
export async function liveBehaviour() {
  const redis = await connectRedis()
  await loadFunctions(redis)
  const prefix = uniquePrefix('live')
  const keys = createKeys(prefix)
  const behaviour = createBehaviourStore({
    redis,
    keys,
    compactFromBytes: 2048,
    maxEntityBytes: 1_000_000,
    nowMs: () => NOW_MS,
    onSetAside: () => {}
  })
  const compactEntity = createCompactor(redis)
  const names = async () => (await redis.keys(`${prefix}:{p??}:entity:*`)).sort()
  return {
    url: sharedRedisUrl(),
    redis,
    prefix,
    keys,
    names,
    store: createEntityStore(redis),
    streams: createLogStreams(redis),
    append: async (...events: readonly AssayEvent[]) => {
      for (const event of events) await behaviour.append(event)
    },
    compactEntity,
    compactSome: async () => {
      for (const name of (await names()).filter((_, index) => index % 2 === 0)) await compactEntity(name)
    },
    /** Every entity as its fold, so that it does not matter what was folded already. */
    profiles: async () => {
      const profiles: Record<string, string> = {}
      for (const name of await names())
        profiles[name] = new History()
          .fold(await redis.getBuffer(name), null)
          .encode()
          .toString('hex')
      return profiles
    }
  }
}
export type LiveBehaviour = Awaited<ReturnType<typeof liveBehaviour>>

/** Drawn events of a few people who share devices and addresses, out of order and with repeats; the same for a seed. */
export function sampleEvents(seed: number): AssayEvent[] {
  // Six short histories to a person.
  const drawn = fc.sample(arbitraryHistory(10), { numRuns: 36, seed })
  const events = drawn.flatMap((history, run) =>
    history.map((event) => ({
      ...event,
      eventId: `${run}.${event.eventId}`,
      refs: { ...event.refs, applicant: `person-${run % 6}` }
    }))
  )
  const repeated = [...events, ...events.filter((_, index) => index % 9 === 0)]
  return repeated.sort((left, right) => hash32(left.eventId, seed) - hash32(right.eventId, seed))
}

/** A login of a person; `also` names what else it was made from. */
export function login(
  eventId: string,
  applicant: string,
  atMs: number,
  also: Partial<AssayEvent['refs']> = {}
): AssayEvent {
  return { eventId, type: 'auth.login', occurredAtMs: atMs, tenant: 't', refs: { applicant, ...also }, data: {} }
}

export function keysOfEvent(keys: LiveBehaviour['keys'], event: AssayEvent): string[] {
  return entityKeys(keys, event.refs)
}
