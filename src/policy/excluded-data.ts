import type { FieldProblem } from '../errors.ts'
import { CATALOGUE } from '../features/catalogue.ts'
import type { FeatureDefinition, LegalTag } from '../features/definition.ts'
import type { ProductPolicy } from './product-schema.ts'
import type { Rule } from './rule-pack-schema.ts'
import type { EvaluateRules } from './rule-packs.ts'
import type { Policy } from './schema.ts'
import { takesChoice } from './tables.ts'

type ExcludedDataRule = Extract<Rule, { kind: 'excluded_data' }>

/** A datum that decides about a product, and where it is asked for. */
export interface DataUse {
  readonly name: string
  /** A JSON pointer into the policy. */
  readonly field: string
  readonly by: 'policy' | 'credit model' | 'scorecard' | 'fraud model'
  readonly tags: readonly LegalTag[]
  /** Whether it is looked at for signs of fraud alone. */
  readonly isFraud: boolean
}

interface Inputs {
  readonly inputs: readonly { readonly name?: string }[]
}

/** The models that decide beside a policy; one whose inputs have no names is not looked at. */
export interface DecidingModels {
  readonly credit: Inputs & {
    readonly population: { readonly products: readonly string[]; readonly currencies: readonly string[] }
  }
  readonly scorecard?: Inputs | undefined
  readonly fraud?: Inputs | undefined
}

/** Inputs of tables that are no features and that a rule may exclude. */
const TAGS_OF_FACTS: Readonly<Record<string, readonly LegalTag[]>> = {
  ageYears: ['age'],
  employment: ['employment'],
  region: ['location'],
  monthlyIncomeMinor: ['financial'],
  monthlyObligationsMinor: ['financial']
}
const TAGS_OF_FEATURES = tagsByFeature(CATALOGUE)

/** The legal tags of each feature: a ratio has those of what it divides. */
export function tagsByFeature(definitions: readonly FeatureDefinition[]): ReadonlyMap<string, readonly LegalTag[]> {
  const byName = new Map(definitions.map((definition) => [definition.name, definition]))
  const tagsOf = (definition: FeatureDefinition | undefined): readonly LegalTag[] => {
    if (definition === undefined) return []
    if (definition.source !== 'ratio') return definition.legal
    const { legal, of, to } = definition
    return [...new Set([...legal, ...tagsOf(byName.get(of)), ...tagsOf(byName.get(to))])]
  }
  return new Map(definitions.map((definition) => [definition.name, tagsOf(definition)]))
}

/** What decides about one product: velocity rules, the rows of tables that concern it, and the models for it. */
export function findDataUses(policy: Policy, product: ProductPolicy, models: DecidingModels): DataUse[] {
  const uses: DataUse[] = []
  const add = (name: string, place: Omit<DataUse, 'name' | 'tags'>) => {
    const tags = TAGS_OF_FEATURES.get(name) ?? TAGS_OF_FACTS[name] ?? []
    if (tags.length > 0) uses.push({ ...place, name, tags })
  }
  policy.velocity.forEach(({ feature }, index) => {
    add(feature, { field: `/velocity/${index}/feature`, by: 'policy', isFraud: true })
  })
  policy.tables?.forEach(({ stage, rows }, table) => {
    rows.forEach(({ when }, row) => {
      if (!takesChoice(when.product ?? {}, product.product)) return
      for (const name of Object.keys(when))
        add(name, { field: `/tables/${table}/rows/${row}/when/${name}`, by: 'policy', isFraud: stage === 'fraud' })
    })
  })
  const field = `/products/${policy.products.indexOf(product)}/rules`
  const addModel = (by: DataUse['by'], isFraud: boolean, model: Inputs | undefined) => {
    for (const { name } of model?.inputs ?? []) if (name !== undefined) add(name, { field, by, isFraud })
  }
  const { products, currencies } = models.credit.population
  // Who is not of its population is not decided by it.
  if (products.includes(product.product) && currencies.includes(product.currency)) {
    addModel('credit model', false, models.credit)
    if (policy.scorecardFor !== undefined) addModel('scorecard', false, models.scorecard)
  }
  if (policy.fraud !== undefined) addModel('fraud model', true, models.fraud)
  return uses
}

/** Of what decides, what a rule does not allow. */
export function excludedUses({ tags, use }: ExcludedDataRule, uses: readonly DataUse[]): DataUse[] {
  return uses.filter(
    (each) => !(use === 'creditworthiness' && each.isFraud) && each.tags.some((tag) => tags.includes(tag))
  )
}

/** What decides by data that a rule in force at an instant excludes. Pure. */
export function findExcludedData(
  policy: Policy,
  models: DecidingModels,
  rules: EvaluateRules,
  atMs: number
): FieldProblem[] {
  return policy.products.flatMap((product) => {
    if (product.rules === undefined) return []
    const uses = findDataUses(policy, product, models)
    const { jurisdiction, lenderType } = product.rules
    const { evaluated } = rules(atMs, { jurisdiction, lenderType, product: product.product })
    return evaluated.flatMap(({ ruleId, kind, value, binds }) => {
      if (kind !== 'excluded_data' || value === null || !binds) return []
      return excludedUses(value, uses).map(({ name, field, by, tags }) => ({
        field,
        problem: `${ruleId} excludes ${name} (${tags.join(', ')}) from ${product.product}${by === 'policy' ? '' : `: the ${by} asks for it`}`
      }))
    })
  })
}
