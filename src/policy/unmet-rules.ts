import { isoDate, localDay } from '../domain/calendar.ts'
import type { FieldProblem } from '../errors.ts'
import { mayFund, SELF } from './offers-funding.ts'
import type { ProductPolicy } from './product-schema.ts'
import type { EvaluatedRule, EvaluateRules } from './rule-packs.ts'
import type { Policy } from './schema.ts'

/**
 * Rules in force at an instant that no application for a product could meet, whoever applies: a share of one’s own that is too
 * small, a partner that is not on the list, and caps that cannot be measured. Every decision would be a refusal. Pure.
 */
export function findUnmetRules(policy: Policy, rules: EvaluateRules, atMs: number): FieldProblem[] {
  return policy.products.flatMap((product, index) => {
    if (product.rules === undefined) return []
    const { jurisdiction, lenderType } = product.rules
    const { evaluated } = rules(atMs, { jurisdiction, lenderType, product: product.product })
    return evaluated.flatMap((rule) => {
      const unmet = rule.binds ? unmetOf(policy, product, rule, atMs) : undefined
      if (unmet === undefined) return []
      const { at, problem } = unmet
      return [{ field: at === 'lender' ? '/lender' : `/products/${index}/${at}`, problem: `${rule.ruleId} ${problem}` }]
    })
  })
}

interface Unmet {
  readonly at: 'funding' | 'currency' | 'lender'
  readonly problem: string
}

function unmetOf(
  policy: Policy,
  product: ProductPolicy,
  { kind, value }: EvaluatedRule,
  atMs: number
): Unmet | undefined {
  const { funding, currency, utcOffsetMinutes } = product
  if (value === null) return undefined
  switch (kind) {
    case 'own_share_floor': {
      const ownShare = funding?.find(({ partner }) => partner === SELF)?.share ?? 0
      if (funding === undefined || ownShare >= value.leastShare) return undefined
      return { at: 'funding', problem: `asks for a share of ${value.leastShare} of one’s own, and it is ${ownShare}` }
    }
    case 'partner_list':
      if (funding === undefined || mayFund(policy, funding, isoDate(localDay(atMs, utcOffsetMinutes)))) return undefined
      return { at: 'funding', problem: 'asks for partners that are on the list today' }
    case 'amount_cap':
      if (value.currency === currency) return undefined
      return {
        at: 'currency',
        problem: `caps in ${value.currency}: ${product.product} in ${currency} cannot be measured`
      }
    case 'share_cap':
      if (value.of !== 'lender_net_assets' || policy.lender?.currency === currency) return undefined
      return { at: 'lender', problem: `needs the net assets of the lender in ${currency}: ${product.product}` }
    default:
      return undefined
  }
}
