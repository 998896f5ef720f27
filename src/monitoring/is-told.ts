import { type Endpoint, isTold } from '../webhooks/redis-endpoints.ts'

/** A new endpoint hears of loans after this at the latest. */
const KEEP_MS = 10_000

/** Whether a partner has an endpoint that is told of loans; asked of Redis once in a while for all jobs of a partner. */
export function createIsTold(
  endpointsOf: (tenant: string) => Promise<readonly Endpoint[]>,
  monotonicMs: () => number
): (tenant: string) => Promise<boolean> {
  const known = new Map<string, { readonly untilMs: number; readonly isTold: Promise<boolean> }>()
  return (tenant) => {
    const last = known.get(tenant)
    if (last !== undefined && last.untilMs > monotonicMs()) return last.isTold
    const asked = endpointsOf(tenant).then((endpoints) => endpoints.some((each) => isTold(each, 'loan.alert')))
    known.set(tenant, { untilMs: monotonicMs() + KEEP_MS, isTold: asked })
    // A fault is not kept: the next job asks again.
    asked.catch(() => known.delete(tenant))
    return asked
  }
}
