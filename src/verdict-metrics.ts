import type { Metrics } from './metrics.ts'
import type { Verdict } from './policy/engine.ts'
import type { Policy } from './policy/schema.ts'
import type { Steps } from './policy/steps.ts'

const MINOR_UNITS = 100
/** A price is brought down to a cap by whole basis points: so near below it, the cap made it. */
const AT_CAP = 0.0002
/** Stages whose rules are told; who is below a band is told by its reasons. */
const RULE_STAGES = ['fraud', 'statutory', 'eligibility', 'fraudModel', 'credit'] as const satisfies (keyof Steps)[]

/** What a risk officer wants to know of verdicts: bands, limits, what bounds them, caps that bind, rules that hit. */
export function observeVerdicts(metrics: Metrics, policy: () => Pick<Policy, 'rateCap' | 'velocity'>) {
  const limits = metrics.histogram('credit_offer_limit')
  const bindings = metrics.counter('credit_limit_bindings_total')
  const capBindings = metrics.counter('credit_price_cap_bindings_total')
  const bands = metrics.counter('credit_decision_bands_total')
  const ruleHits = metrics.counter('credit_rule_hits_total')
  const nextActions = metrics.counter('credit_next_actions_total')
  const limitOf = bound((product, currency) => limits.labels({ product, currency }))
  const boundBy = bound((product, constraint) => bindings.labels({ product, constraint }))
  const inBand = bound((product, band) => bands.labels({ product, band }))

  return (verdict: Verdict, product: string): void => {
    const { score, limit, steps } = verdict
    if (score !== null) inBand(product, score.band).inc()
    if (limit !== null) limitOf(product, limit.currency).observe(limit.amountMinor / MINOR_UNITS)
    const constraint = limit?.bindingConstraint ?? steps?.limit?.by
    if (constraint !== undefined) boundBy(product, constraint).inc()
    const cap = bindingCap(verdict, policy().rateCap)
    if (cap !== undefined) capBindings.inc({ cap_rule: cap })
    for (const { type } of verdict.nextActions ?? []) nextActions.inc({ type })
    if (steps === undefined) return
    for (const stage of RULE_STAGES) {
      const step = steps[stage]
      if (step === undefined || step === 'PASS') continue
      for (const { rule, outcome } of step.hits)
        ruleHits.inc({ stage, rule_id: nameOf(rule, policy()), action: outcome.toLowerCase() })
    }
  }
}

/** The rule of the packs whose cap the first offer is at, or `policy`; undefined where no cap binds. */
function bindingCap({ offers, steps, statutory }: Verdict, rateCap: number): string | undefined {
  const offer = offers[0]
  const caps = statutory?.caps ?? { nominal: rateCap, effective: rateCap }
  if (offer === undefined) return steps?.offers === 'R310' ? (statutory?.capRules.effective ?? 'policy') : undefined
  if (offer.apr.effective > (caps.effective ?? Infinity) - AT_CAP) return statutory?.capRules.effective ?? 'policy'
  if (offer.apr.nominal > (caps.nominal ?? Infinity) - AT_CAP) return statutory?.capRules.nominal ?? 'policy'
  return undefined
}

/** A velocity rule is known to people by what it looks at, not by its place in the file. */
function nameOf(rule: string, { velocity }: Pick<Policy, 'velocity'>): string {
  const [kind, index] = rule.split('/')
  const found = kind === 'velocity' ? velocity[Number(index)] : undefined
  return found === undefined ? rule : `${found.feature} > ${found.above}`
}

/** A child for each pair of label values, made when it is first needed; both come from closed lists. */
export function bound<Child>(make: (first: string, second: string) => Child): (first: string, second: string) => Child {
  const children = new Map<string, Child>()
  return (first, second) => {
    const key = `${first}|${second}`
    const known = children.get(key)
    if (known !== undefined) return known
    const child = make(first, second)
    children.set(key, child)
    return child
  }
}
