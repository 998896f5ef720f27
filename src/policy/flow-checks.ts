import type { FieldProblem } from '../errors.ts'
import type { EvaluateRules } from './rule-packs.ts'
import type { Policy } from './schema.ts'
import { findTableProblems } from './table-checks.ts'
import { createInputs } from './table-inputs.ts'
import { takesChoice } from './tables.ts'

/**
 * What contradicts itself in the stages of a policy: tables, limits, and the rules that products are under. The packs are
 * asked where they are given; without them a jurisdiction is only known to be named.
 */
export function findFlowProblems(
  policy: Policy,
  featureNames: readonly string[],
  rules: EvaluateRules | undefined
): FieldProblem[] {
  const { flow, tables = [], limits = [], products, bands } = policy
  const problems: FieldProblem[] = []
  const say = (field: string, problem: string) => problems.push({ field, problem })
  if (flow === undefined) {
    if (policy.tables !== undefined) say('/tables', 'needs flow: staged')
    if (policy.limits !== undefined) say('/limits', 'needs flow: staged')
    products.forEach((product, index) => {
      if (product.rules !== undefined) say(`/products/${index}/rules`, 'needs flow: staged')
    })
  }
  products.forEach(({ product, rules: scope }, index) => {
    if (scope === undefined || rules === undefined) return
    try {
      rules(0, { ...scope, product })
    } catch (error) {
      say(`/products/${index}/rules`, (error as Error).message)
    }
  })
  const bandNames = bands.map(({ band }) => band)
  limits.forEach(({ product, incomeMultiples = {}, segments = [], partnerHeadroom = [] }, index) => {
    const path = `/limits/${index}`
    if (!products.some((known) => known.product === product))
      say(`${path}/product`, `the policy has no product ${product}`)
    if (limits.findIndex((other) => other.product === product) !== index) say(path, `${product} stands twice`)
    for (const band of Object.keys(incomeMultiples))
      if (!bandNames.includes(band)) say(`${path}/incomeMultiples/${band}`, `no band is called ${band}`)
    const funding = products.find((known) => known.product === product)?.funding ?? []
    partnerHeadroom.forEach(({ partner }, at) => {
      if (!funding.some((part) => part.partner === partner))
        say(`${path}/partnerHeadroom/${at}/partner`, `${partner} does not fund ${product}`)
    })
    segments.forEach(({ segment }, at) => {
      if (segments.findIndex((other) => other.segment === segment) !== at)
        say(`${path}/segments/${at}`, `${segment} stands twice`)
    })
  })
  return [
    ...problems,
    ...findTableProblems(tables, { inputOf: createInputs(featureNames, bandNames), segmentless: segmentlessOf(policy) })
  ]
}

/** The products that a row with a segment may concern and whose limits do not know it. */
function segmentlessOf({ limits = [], products }: Policy) {
  return (segment: string, ofProduct: Parameters<typeof takesChoice>[0]): readonly string[] =>
    products
      .map(({ product }) => product)
      .filter((product) => takesChoice(ofProduct, product))
      .filter((product) => {
        const strategy = limits.find((known) => known.product === product)
        return !strategy?.segments?.some((known) => known.segment === segment)
      })
}
