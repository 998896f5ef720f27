import type { FieldProblem } from '../errors.ts'
import { SELF } from './offers-funding.ts'
import { findPriceProblems } from './pricing-check.ts'
import type { ProductPolicy } from './product-schema.ts'
import type { Policy } from './schema.ts'

/** Cells of a grid of which nine become offers: enough to find nine where some are above a cap. */
const MAX_CELLS = 36
/** Every decision is kept with all its offers: one by the day for a year. */
const MAX_INSTALMENTS = 366
const SHARE_TOLERANCE = 1e-9

/** What contradicts itself in the products and prices of a policy that follows its schema. */
export function findOfferProblems(policy: Policy): FieldProblem[] {
  const { products } = policy
  const problems = products.flatMap((product, index) => {
    const path = `/products/${index}`
    const isTwice = products.findIndex((other) => other.product === product.product) !== index
    const twice = isTwice ? [{ field: path, problem: `${product.product} stands twice` }] : []
    return [
      ...twice,
      ...findTermProblems(product, path),
      ...findFeeProblems(product, path),
      ...findGridProblems(product, path),
      ...findFundingProblems(policy, product, path)
    ]
  })
  return [...problems, ...findListProblems(policy), ...findPriceProblems(policy)]
}

function findListProblems({ partners = [] }: Policy): FieldProblem[] {
  return partners.flatMap(({ from, to }, index) =>
    from !== null && to !== null && to < from ? [{ field: `/partners/${index}/to`, problem: 'is before from' }] : []
  )
}

function findTermProblems(product: ProductPolicy, path: string): FieldProblem[] {
  const { amountMinor, term, repaymentMethods, bulletMaxTerm = term.max } = product
  const problems: FieldProblem[] = []
  const hasBullet = repaymentMethods?.includes('BULLET') === true
  const say = (field: string, problem: string) => problems.push({ field: `${path}${field}`, problem })
  if (product.bulletMaxTerm !== undefined && !hasBullet) say('/bulletMaxTerm', 'no way to repay is a BULLET')
  else if (hasBullet && (bulletMaxTerm < term.min || bulletMaxTerm > term.max))
    say('/bulletMaxTerm', 'is no term of the product')
  const instalments = Math.ceil(term.max / term.instalmentEvery.count)
  if (instalments > MAX_INSTALMENTS)
    say('/term', `has ${instalments} instalments at most: a decision keeps ${MAX_INSTALMENTS} of an offer`)
  if (bulletMaxTerm < term.max && repaymentMethods?.every((method) => method === 'BULLET'))
    problems.push({ field: `${path}/bulletMaxTerm`, problem: 'leaves longer terms without a way to repay' })
  if (amountMinor.min > amountMinor.max) problems.push({ field: `${path}/amountMinor`, problem: 'min is above max' })
  if (amountMinor.step > amountMinor.max)
    problems.push({ field: `${path}/amountMinor/step`, problem: 'is above max: every limit would be nothing' })
  if (amountMinor.step < 1) problems.push({ field: `${path}/amountMinor/step`, problem: 'must be at least 1' })
  if (term.min > term.max) problems.push({ field: `${path}/term`, problem: 'min is above max' })
  if (term.instalmentEvery.unit !== term.unit)
    problems.push({ field: `${path}/term/instalmentEvery`, problem: `must be in ${term.unit}s` })
  return problems
}

function findFeeProblems({ fees = [] }: ProductPolicy, path: string): FieldProblem[] {
  return fees.flatMap(({ ratio, flatMinor }, index) =>
    (ratio === undefined) === (flatMinor === undefined)
      ? [{ field: `${path}/fees/${index}`, problem: 'must have a ratio or a flatMinor, one of the two' }]
      : []
  )
}

function findGridProblems(product: ProductPolicy, path: string): FieldProblem[] {
  const { offerGrid, term, amountMinor, repaymentMethods = [] } = product
  if (offerGrid === undefined) return []
  const { terms = [], amountsMinor = [], amountShares = [] } = offerGrid
  const problems: FieldProblem[] = []
  const interval = term.instalmentEvery.count
  terms.forEach((count, index) => {
    const fits = count >= term.min && count <= term.max && (count <= interval || count % interval === 0)
    if (!fits)
      problems.push({ field: `${path}/offerGrid/terms/${index}`, problem: `the product has no term of ${count}` })
  })
  amountsMinor.forEach((offeredMinor, index) => {
    if (offeredMinor < amountMinor.min || offeredMinor > amountMinor.max)
      problems.push({ field: `${path}/offerGrid/amountsMinor/${index}`, problem: 'is not an amount of the product' })
  })
  const methods = Math.max(1, repaymentMethods.length)
  const cells = (1 + terms.length) * (1 + amountsMinor.length + amountShares.length) * methods
  if (cells > MAX_CELLS)
    problems.push({ field: `${path}/offerGrid`, problem: `has ${cells} cells, more than ${MAX_CELLS}` })
  return problems
}

function findFundingProblems({ partners = [] }: Policy, { funding }: ProductPolicy, path: string): FieldProblem[] {
  if (funding === undefined) return []
  const problems: FieldProblem[] = []
  const sum = funding.reduce((total, { share }) => total + share, 0)
  if (Math.abs(sum - 1) > SHARE_TOLERANCE)
    problems.push({ field: `${path}/funding`, problem: `the shares sum to ${sum}, not to 1` })
  funding.forEach(({ partner }, index) => {
    const field = `${path}/funding/${index}/partner`
    if (funding.findIndex((other) => other.partner === partner) !== index)
      problems.push({ field, problem: `${partner} stands twice` })
    if (partner !== SELF && !partners.some((listed) => listed.partner === partner))
      problems.push({ field, problem: `${partner} is not among the partners` })
  })
  return problems
}
