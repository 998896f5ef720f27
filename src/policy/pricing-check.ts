import type { FieldProblem } from '../errors.ts'
import type { Pricing } from './price-schema.ts'
import type { Policy } from './schema.ts'

/** After every date of a series. */
const LATEST = '9999-12-31'

/** What contradicts itself in the bands’ rates and the pricings of a policy. */
export function findPriceProblems(policy: Policy): FieldProblem[] {
  const { bands, rateCap, products, pricing = [], lpr } = policy
  const problems: FieldProblem[] = []
  const say = (field: string, problem: string) => problems.push({ field, problem })
  const priced = new Set(pricing.flatMap((block) => block.products))
  const areAllPriced = products.every(({ product }) => priced.has(product))
  bands.forEach(({ band, action, nominalRate }, index) => {
    if (action === 'APPROVE' && nominalRate === null && !areAllPriced)
      say(`/bands/${index}/nominalRate`, `band ${band} approves without a price`)
    if (nominalRate !== null && nominalRate > rateCap) say(`/bands/${index}/nominalRate`, 'is above the rate cap')
  })
  if (lpr !== undefined) problems.push(...findSeriesProblems(lpr, '/lpr'))
  pricing.forEach((block, index) => {
    const path = `/pricing/${index}`
    if (block.floor > rateCap) say(`${path}/floor`, 'is above the rate cap: there would never be a price')
    for (const product of block.products) {
      if (pricing.findIndex((other) => other.products.includes(product)) !== index)
        say(`${path}/products`, `${product} has another pricing`)
      if (!products.some((known) => known.product === product))
        say(`${path}/products`, `there is no product ${product}`)
    }
    problems.push(
      ...findFundingCostProblems(block, lpr, `${path}/funding`),
      ...findRowProblems(block, bands, `${path}/grid`)
    )
  })
  return problems
}

function findFundingCostProblems({ funding }: Pricing, lpr: Policy['lpr'], path: string): FieldProblem[] {
  const problems = findSeriesProblems(funding, path)
  funding.forEach(({ from, ratio, overLpr }, index) => {
    const field = `${path}/${index}`
    if ((ratio === undefined) === (overLpr === undefined))
      problems.push({ field, problem: 'must have a ratio or an overLpr, one of the two' })
    const first = lpr?.[0]
    const next = funding[index + 1]?.from
    const rates = (lpr ?? []).filter((point, at, points) => {
      const isOver = (points[at + 1]?.from ?? LATEST) <= from
      return !isOver && (next === undefined || point.from < next)
    })
    if (overLpr !== undefined && rates.some((rate) => rate.ratio + overLpr < 0))
      problems.push({ field: `${field}/overLpr`, problem: 'makes the cost of money negative' })
    if (overLpr !== undefined && !(first !== undefined && first.from <= from))
      problems.push({ field: `${field}/overLpr`, problem: `the lpr has no rate on ${from}` })
  })
  return problems
}

function findRowProblems({ grid }: Pricing, bands: Policy['bands'], path: string): FieldProblem[] {
  const problems: FieldProblem[] = []
  grid.forEach(({ band, pd }, index) => {
    const at = bands.findIndex((known) => known.band === band)
    if (at < 0) problems.push({ field: `${path}/${index}/band`, problem: `no band is called ${band}` })
    if (grid.findIndex((row) => row.band === band) !== index)
      problems.push({ field: `${path}/${index}/band`, problem: `band ${band} stands twice` })
    const [above, below] = [bands[at - 1]?.pdBelow ?? 0, bands[at]?.pdBelow ?? 1]
    // An empty band is told as what it is.
    if (at >= 0 && above < below && !(pd >= above && pd < below))
      problems.push({ field: `${path}/${index}/pd`, problem: `band ${band} has no such probability` })
  })
  for (const { band, action } of bands) {
    if (action === 'APPROVE' && !grid.some((row) => row.band === band))
      problems.push({ field: path, problem: `band ${band} approves without a price` })
  }
  return problems
}

function findSeriesProblems(series: readonly { readonly from: string }[], path: string): FieldProblem[] {
  return series.flatMap(({ from }, index) =>
    index > 0 && from <= (series[index - 1] as { from: string }).from
      ? [{ field: `${path}/${index}/from`, problem: 'is not after the one before it' }]
      : []
  )
}
