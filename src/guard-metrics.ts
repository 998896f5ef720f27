import type { GuardPolicy, Measure } from './guard/guard-schema.ts'
import type { GuardEntry, GuardState, Judgement } from './guard/guard-state.ts'
import type { Logger } from './log.ts'
import type { Metrics } from './metrics.ts'

/** Shares of one in the whole, by what is one. */
const DIMENSIONS: { readonly [M in Measure]?: string } = {
  partner_share: 'partner',
  funder_share: 'funder',
  borrower_share: 'borrower'
}
const LEVELS = { green: 0, few: 0, amber: 1, red: 2 } as const

/**
 * What each look of the portfolio guard tells Prometheus and the log. A rule about several partners or funders is told by the one
 * that is worst. What cannot be read keeps its level; what is no longer there, such as the decisions of a day that is over, is
 * within its limits.
 */
export function observeGuard(metrics: Metrics, log: Pick<Logger, 'warn'>) {
  const [levels, values] = [metrics.gauge('credit_guard_level'), metrics.gauge('credit_guard_value_ratio')]
  const concentration = metrics.gauge('credit_concentration_ratio')
  const restrictions = metrics.gauge('credit_guard_restrictions')
  const actions = metrics.counter('credit_guard_actions_total')
  const told = new Map<string, { readonly rule_id: string; readonly product: string }>()

  return (state: GuardState, entries: readonly GuardEntry[], { rules }: Pick<GuardPolicy, 'rules'>): void => {
    const unknown = new Set(state.judgements.filter(({ level }) => level === 'unknown').map(({ rule }) => rule))
    const byRule = Map.groupBy(state.judgements, ({ rule, product }) => `${rule} ${product}`)
    for (const [key, labels] of told) {
      if (byRule.has(key) || unknown.has(labels.rule_id)) continue
      levels.set(labels, 0)
      values.remove(labels)
      told.delete(key)
    }
    for (const [key, judgements] of byRule) {
      const { rule, product, level, value } = judgements.reduce((most, each) => (rank(each) > rank(most) ? each : most))
      if (level === 'unknown' || product === null || value === null) continue
      const labels = { rule_id: rule, product }
      told.set(key, labels)
      levels.set(labels, LEVELS[level])
      values.set(labels, value)
    }
    for (const { id, measure } of rules) {
      const dimension = DIMENSIONS[measure]
      const shares = state.judgements.flatMap(({ rule, value }) => (rule === id && value !== null ? [value] : []))
      if (dimension !== undefined && shares.length > 0) concentration.set({ dimension }, Math.max(...shares))
    }
    for (const kind of ['pause', 'tighten'])
      restrictions.set({ kind }, state.restrictions.filter((each) => each.kind === kind).length)
    for (const entry of entries) {
      if (entry.kind === 'level') {
        const { rule, product, level } = entry.judgement
        if (level === 'amber' || level === 'red')
          log.warn({ code: level, reason: `${rule}.${product}` }, 'a limit of the portfolio is near or reached')
        continue
      }
      actions.inc({ kind: entry.kind })
      log.warn({ code: entry.kind, reason: entry.restriction.id }, 'lending is held back, or no longer')
    }
  }
}

function rank({ level, value }: Judgement): number {
  return level === 'unknown' ? -1 : LEVELS[level] * 1e9 + (value ?? 0)
}
