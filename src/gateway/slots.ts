/** What a request is worth when not all can be had: events wait in the producer, a replay costs little and is owed. */
export const REQUEST_CLASSES = ['events', 'decisions', 'replays'] as const
export type RequestClass = (typeof REQUEST_CLASSES)[number]

/** Why a request is refused: the process is full, its partner has more than a share, or it would come too late. */
export type Refusal = 'full' | 'share' | 'late'

export interface SlotsOptions {
  /** Decisions and event posts in progress at most. */
  readonly maxInFlight: number
  /** So many more decisions for a moment: what a short stall leaves waiting is worked off, an overload is not let in. */
  readonly maxBurst: number
  readonly monotonicMs: () => number
  /** What a decision takes at least just now, by what the latest took. */
  readonly leastMs: (nowMs: number) => number
}

export interface SlotRequest {
  readonly tenant: string
  readonly class: RequestClass
  /** What is left until the deadline. */
  readonly remainingMs: number
}

export interface Slots {
  /** Takes a slot, or says why there is none. */
  readonly take: (request: SlotRequest) => Refusal | undefined
  /** Gives back the slot of a request that was let in. */
  readonly give: (tenant: string) => void
  readonly inFlight: () => number
}

/** Event posts are refused from this share of the slots on, so that they leave room for decisions. */
const EVENTS_SHARE = 0.75
/** Slots above the limit that only replays may take, as a share of it. */
const REPLAY_RESERVE_SHARE = 0.125
/** How long the burst may be used. */
const BURST_MS = 250
/** The next one comes once no request has found all slots taken for so long: an overload empties them too, but for moments. */
const RESTED_MS = 250
/** How long a refused request counts as one that its partner still wants. */
const WANT_MS = 250
/** With so few in progress nobody is refused for being late: else a wrong estimate would never be mended. */
const PROBES = 4

interface Tenant {
  inFlight: number
  /** Refused in this window and in the one before. */
  refused: number
  refusedBefore: number
}

/**
 * Who may be in progress. A partner alone takes every slot; where several want some, none of them gets more than its
 * equal share as long as another has not got what it asked for within its own. Pure but for the clock; no timer.
 */
export function createSlots({ maxInFlight, maxBurst, monotonicMs, leastMs }: SlotsOptions): Slots {
  const ceilings: Readonly<Record<RequestClass, number>> = {
    events: Math.max(1, Math.floor(maxInFlight * EVENTS_SHARE)),
    decisions: maxInFlight,
    replays: maxInFlight + Math.ceil(maxInFlight * REPLAY_RESERVE_SHARE)
  }
  /** Whoever has a slot or was refused one in this window or the one before. */
  const tenants = new Map<string, Tenant>()
  let [total, windowEndMs] = [0, 0]
  /** Since when requests find all slots taken, but for moments, and when the last one did. */
  let [fullSinceMs, fullAtMs] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]

  const ceilingOf = (kind: RequestClass, nowMs: number): number => {
    if (kind === 'events' || total < maxInFlight) return ceilings[kind]
    if (nowMs >= fullAtMs + RESTED_MS) fullSinceMs = nowMs
    fullAtMs = nowMs
    return ceilings[kind] + (nowMs < fullSinceMs + BURST_MS ? maxBurst : 0)
  }

  const turnWindow = (nowMs: number): void => {
    if (nowMs < windowEndMs) return
    const passedWhole = nowMs >= windowEndMs + WANT_MS
    windowEndMs = nowMs + WANT_MS
    for (const [name, tenant] of tenants) {
      tenant.refusedBefore = passedWhole ? 0 : tenant.refused
      tenant.refused = 0
      if (tenant.inFlight === 0 && tenant.refusedBefore === 0) tenants.delete(name)
    }
  }

  /** Slots that others want and have a right to before this one may go beyond its share. */
  const owedToOthers = (asking: Tenant, share: number): number => {
    let owed = 0
    for (const tenant of tenants.values()) {
      if (tenant !== asking) owed += Math.max(0, Math.min(share, wanted(tenant)) - tenant.inFlight)
    }
    return owed
  }

  const refuse = (asking: Tenant, why: Refusal): Refusal => {
    asking.refused++
    return why
  }

  return {
    take: ({ tenant: name, class: kind, remainingMs }) => {
      const nowMs = monotonicMs()
      turnWindow(nowMs)
      const asking = tenants.get(name) ?? { inFlight: 0, refused: 0, refusedBefore: 0 }
      tenants.set(name, asking)
      const ceiling = ceilingOf(kind, nowMs)
      if (kind === 'decisions' && total >= PROBES && remainingMs < leastMs(nowMs)) return refuse(asking, 'late')
      if (total >= ceiling) return refuse(asking, 'full')
      if (tenants.size > 1 && kind !== 'replays') {
        const share = Math.floor(maxInFlight / tenants.size)
        if (asking.inFlight >= share && total + owedToOthers(asking, share) >= ceiling) return refuse(asking, 'share')
      }
      total++
      asking.inFlight++
      return undefined
    },
    give: (name) => {
      total--
      const tenant = tenants.get(name)
      if (tenant !== undefined) tenant.inFlight--
    },
    inFlight: () => total
  }
}

function wanted({ inFlight, refused, refusedBefore }: Tenant): number {
  return inFlight + Math.max(refused, refusedBefore)
}
