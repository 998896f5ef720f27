/** Deliveries to one endpoint at once, of all that run: one that hangs leaves room for the others. */
const MAX_AT_ONCE = 10
const FIRST_POSTPONE_MS = 1000
/** Between the returns of postponed ones, so that a long backlog of one endpoint is not asked for over and over. */
const SPACING_MS = 20

export interface WebhookTurns {
  /** Zero when a delivery to the endpoint may begin now, else when to ask again. */
  readonly postponeMs: (endpointId: string) => number
  /** Counts as one of the endpoint until it settles. */
  readonly run: <Result>(endpointId: string, work: () => Promise<Result>) => Promise<Result>
}

/** Shares the places of a worker among endpoints. */
export function createWebhookTurns(monotonicMs: () => number): WebhookTurns {
  const running = new Map<string, number>()
  const returnsAtMs = new Map<string, number>()
  const countOf = (endpointId: string) => running.get(endpointId) ?? 0
  const settle = (endpointId: string) => {
    const left = countOf(endpointId) - 1
    if (left > 0) running.set(endpointId, left)
    else {
      running.delete(endpointId)
      returnsAtMs.delete(endpointId)
    }
  }
  return {
    postponeMs: (endpointId) => {
      if (countOf(endpointId) < MAX_AT_ONCE) return 0
      const nowMs = monotonicMs()
      const atMs = Math.max(nowMs + FIRST_POSTPONE_MS, (returnsAtMs.get(endpointId) ?? 0) + SPACING_MS)
      returnsAtMs.set(endpointId, atMs)
      return Math.ceil(atMs - nowMs)
    },
    run: async (endpointId, work) => {
      running.set(endpointId, countOf(endpointId) + 1)
      try {
        return await work()
      } finally {
        settle(endpointId)
      }
    }
  }
}
