import type { FieldProblem } from '../errors.ts'
import type { Policy } from './schema.ts'

/** What contradicts itself in the products and prices of a policy that follows its schema. */
export function findOfferProblems({ products, bands, rateCap }: Policy): FieldProblem[] {
  const problems: FieldProblem[] = []
  const say = (field: string, problem: string) => problems.push({ field, problem })
  products.forEach(({ product, amountMinor, term }, index) => {
    if (products.findIndex((other) => other.product === product) !== index)
      say(`/products/${index}`, `${product} stands twice`)
    if (amountMinor.min > amountMinor.max) say(`/products/${index}/amountMinor`, 'min is above max')
    if (amountMinor.step < 1) say(`/products/${index}/amountMinor/step`, 'must be at least 1')
    if (term.min > term.max) say(`/products/${index}/term`, 'min is above max')
    if (term.instalmentEvery.unit !== term.unit)
      say(`/products/${index}/term/instalmentEvery`, `must be in ${term.unit}s`)
  })
  bands.forEach(({ band, action, nominalRate }, index) => {
    if (action === 'APPROVE' && nominalRate === null)
      say(`/bands/${index}/nominalRate`, `band ${band} approves without a price`)
    if (nominalRate !== null && nominalRate > rateCap) say(`/bands/${index}/nominalRate`, 'is above the rate cap')
  })
  return problems
}
