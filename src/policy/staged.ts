import type { Score } from '../domain/decision.ts'
import { type NextAction, nextAction } from '../domain/next-actions.ts'
import { type Assessed, assess, findFraudSigns } from './assess.ts'
import type { Decide, DecideInput, ModelFacts, PolicyContext, Verdict } from './engine.ts'
import { findDataUses } from './excluded-data.ts'
import { createGrant } from './grant.ts'
import type { ProductPolicy } from './product-schema.ts'
import { refuse, refuseFor } from './refuse.ts'
import { addHardHits, ageOf, compileVelocity, findProduct, type Hit } from './rules.ts'
import type { Policy } from './schema.ts'
import { compileStatutory, type EvaluateStatutory, type StatutoryVerdict } from './statutory.ts'
import { type Steps, stageStep } from './steps.ts'
import { createInputs, type TableFacts } from './table-inputs.ts'
import { compileTables, type EvaluateTables } from './tables.ts'

/** One decision in the making. */
interface Run {
  readonly input: DecideInput
  readonly product: ProductPolicy | undefined
  readonly facts: TableFacts
  readonly findings: Hit[]
  readonly nextActions: NextAction[]
  readonly steps: Steps
  statutory: StatutoryVerdict | undefined
}

type Stage = 'fraud' | 'statutory' | 'eligibility' | 'fraudModel' | 'credit'

const NO_SCORE = { pd: Number.NaN, points: Number.NaN, band: undefined, fraudPd: Number.NaN } as const

/**
 * Compiles a policy that decides in the order of the domain reference 3.5: fraud rules, statutory rules, eligibility, fraud
 * model, credit model, limit, price, offers that the income carries at their price. The first stage that declines ends it,
 * with its own reasons alone: who is refused for fraud is told nothing of credit. What refers waits for the models, because
 * they may decline; what is missing or unusable refers, and neither approves nor declines.
 */
export function compileStaged(
  policy: Policy,
  model: ModelFacts,
  featureNames: readonly string[],
  { fraud, scorecard, rules }: PolicyContext,
  earlierLoansColumn: number
): Decide {
  const bands = policy.bands.map(({ band }) => band)
  const inputOf = createInputs(featureNames, bands)
  const tables = policy.tables ?? []
  const [fraudTables, eligibilityTables, creditTables, limitTables] = (
    ['fraud', 'eligibility', 'credit', 'limit'] as const
  ).map((stage) => compileTables(tables, stage, inputOf)) as [
    EvaluateTables,
    EvaluateTables,
    EvaluateTables,
    EvaluateTables
  ]
  const findVelocity = compileVelocity(policy, featureNames)
  const statutory = new Map<string, EvaluateStatutory | undefined>(
    policy.products.map((product) => {
      const uses = findDataUses(policy, product, { credit: model, scorecard, fraud })
      return [product.product, compileStatutory(policy, product, rules, uses)]
    })
  )
  const grant = createGrant(policy, limitTables)

  return (input) => {
    const { application, values, nowMs, assessment, exposureMinor = 0, evidence } = input
    const product = findProduct(policy, application)
    const ageYears = ageOf(application, nowMs)
    const facts: TableFacts = { ...NO_SCORE, application, values, ageYears, exposureMinor, evidence }
    const run: Run = { input, product, facts, findings: [], nextActions: [], steps: {}, statutory: undefined }

    if (isOver(run, 'fraud', [...findVelocity(values), ...hitsOf(run, fraudTables, facts)])) return refused(run, null)

    run.statutory = statutory.get(application.product)?.({ application, ageYears, exposureMinor, nowMs })
    const statutoryHits: Hit[] = [...(run.statutory?.hits ?? [])]
    addHardHits('statutory', { policy, product, application, ageYears }, statutoryHits)
    if (isOver(run, 'statutory', statutoryHits)) return refused(run, null)

    const eligibilityHits: Hit[] = []
    addHardHits('eligibility', { policy, product, application, ageYears }, eligibilityHits)
    eligibilityHits.push(...hitsOf(run, eligibilityTables, facts))
    if (isOver(run, 'eligibility', eligibilityHits)) return refused(run, null)

    if (fraud !== undefined) isOver(run, 'fraudModel', fraudModelHits(policy, fraud, input))
    const earlierLoans = values[earlierLoansColumn] as number
    const assessed = assess(policy, model, scorecard, input, earlierLoans)
    const scored = assessed.kind === 'usable'
    run.steps.score = scored ? { band: assessed.band.band, action: assessed.band.action } : assessed.code
    const byScorecard = scored && assessed.byScorecard
    if (!scored) run.findings.push({ outcome: 'REFER', code: assessed.code, rule: 'score', read: {} })
    if (!scored || run.findings.length > 0) return { ...refused(run, scored ? assessed.score : null), byScorecard }

    const fraudPd = assessment.kind === 'scored' ? (assessment.fraud?.pd ?? Number.NaN) : Number.NaN
    const withScore: TableFacts = { ...facts, ...assessed.score, fraudPd }
    if (assessed.band.action !== 'APPROVE') return { ...refusedByBand(run, assessed), byScorecard }
    isOver(run, 'credit', hitsOf(run, creditTables, withScore))
    if (run.findings.length > 0) return { ...refused(run, assessed.score), byScorecard }
    if (product === undefined) throw new Error('a product without a policy is declined by rule')
    const verdict = grant({ ...run, product, facts: withScore, assessed, earlierLoans })
    return { ...verdict, ...kept(run), byScorecard }
  }
}

/** What the rows of a stage ask for; checks to pass become next actions. */
function hitsOf({ input, nextActions }: Run, evaluate: EvaluateTables, facts: TableFacts): Hit[] {
  const hits: Hit[] = []
  for (const { table, row, output, read } of evaluate(facts)) {
    const { action, reason, step, expiresInMinutes, attempts } = output
    if (action === undefined || action === 'PASS' || reason === undefined) continue
    const outcome = action === 'STEP_UP' ? 'REFER' : action
    hits.push({ outcome, code: reason, rule: `${table}/${row}`, read })
    if (step !== undefined && expiresInMinutes !== undefined && attempts !== undefined)
      nextActions.push(nextAction({ type: step, nowMs: input.nowMs, expiresInMinutes, attempts }))
  }
  return hits
}

function fraudModelHits(
  policy: Policy,
  fraud: NonNullable<PolicyContext['fraud']>,
  { assessment }: DecideInput
): Hit[] {
  const pd = assessment.kind === 'scored' ? (assessment.fraud?.pd ?? null) : null
  return findFraudSigns(policy, fraud, assessment).map((found) => ({ ...found, rule: 'fraud', read: { fraudPd: pd } }))
}

/** Notes what a stage found; whether that ends the decision. */
function isOver({ findings, steps }: Run, stage: Stage, hits: readonly Hit[]): boolean {
  steps[stage] = stageStep(hits)
  findings.push(...hits)
  return hits.some(({ outcome }) => outcome === 'DECLINE')
}

function refused(run: Run, score: Score | null): Verdict {
  const { findings, nextActions, statutory } = run
  const last = findings.some(({ outcome }) => outcome === 'DECLINE')
  const verdict = refuseFor(findings, score, statutory?.maxReasons)
  return { ...verdict, ...kept(run), ...(!last && nextActions.length > 0 && { nextActions }) }
}

function refusedByBand(run: Run, { band, scoreReasons, score }: Extract<Assessed, { kind: 'usable' }>): Verdict {
  if (band.action === 'APPROVE') throw new Error('a band that approves refuses nobody')
  return { ...refuse(band.action, scoreReasons, score, run.statutory?.maxReasons), ...kept(run) }
}

function kept({ steps, statutory }: Run): Pick<Verdict, 'steps' | 'statutory'> {
  return statutory === undefined ? { steps } : { steps, statutory }
}
