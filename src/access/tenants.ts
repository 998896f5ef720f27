import type { Clock } from '../clock.ts'
import type { PartnerKeys, Scope } from './partner-keys.ts'

/** A revocation acts within this time, as with requests. */
const KNOWN_FOR_MS = 5000

/**
 * Partners with a valid key of a scope. Looks again when one of `names` is not among them, so that a new partner waits for
 * nothing, and now and then, so that one that was revoked is noticed.
 */
export function createTenantDirectory(partnerKeys: Pick<PartnerKeys, 'list'>, scope: Scope, clock: Clock) {
  let known: ReadonlySet<string> = new Set()
  let staleAtMs = Number.NEGATIVE_INFINITY
  return async (names: readonly string[]): Promise<ReadonlySet<string>> => {
    if (clock.monotonicMs() < staleAtMs && names.every((name) => known.has(name))) return known
    const keys = await partnerKeys.list()
    known = new Set(
      keys.flatMap(({ tenant, scopes, revokedAtMs }) =>
        revokedAtMs === null && scopes.includes(scope) ? [tenant] : []
      )
    )
    staleAtMs = clock.monotonicMs() + KNOWN_FOR_MS
    return known
  }
}
