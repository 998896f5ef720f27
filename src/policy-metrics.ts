import type { Metrics } from './metrics.ts'
import type { LoadedPolicy } from './policy/load.ts'
import type { ActivePolicies } from './serving/active-policy.ts'
import type { PolicyShadowResult } from './serving/policy-shadow.ts'
import type { ShadowDrop } from './serving/shadow.ts'

/** What policies, their changes and candidates tell Prometheus. */
export function observePolicies(metrics: Metrics) {
  const info = metrics.gauge('credit_policy_info')
  const failures = metrics.counter('credit_policy_reload_failures_total')
  const decisions = metrics.counter('credit_policy_shadow_decisions_total')
  const dropped = metrics.counter('credit_policy_shadow_dropped_total')
  const tell = (place: 'active' | 'shadow', { id }: LoadedPolicy) => {
    const [version = '', hash = ''] = id.split('@sha256:')
    info.set({ place, version, hash }, 1)
  }
  return {
    onSwap: ({ active, shadow }: ActivePolicies): void => {
      info.reset()
      tell('active', active)
      if (shadow !== undefined) tell('shadow', shadow.loaded)
    },
    onFault: (): void => failures.inc(),
    onResult: ({ made, verdict }: PolicyShadowResult): void =>
      decisions.inc({ decided: made.verdict.outcome, shadow: verdict.outcome }),
    onDrop: (reason: ShadowDrop): void => dropped.inc({ reason }),
    onLost: (entries: number): void => dropped.inc({ reason: 'unwritten' }, entries)
  }
}
