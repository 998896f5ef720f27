import { createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { submittedEvent } from '../decisions/decide.ts'
import { termDays } from '../domain/application.ts'
import { CATALOGUE } from '../features/catalogue.ts'
import { createOfflineBehaviour } from '../features/offline.ts'
import { createFeatureSet, createVectorPicker } from '../features/vector.ts'
import type { VerifiedModel } from '../inference/model.ts'
import { createScorerPool } from '../inference/pool.ts'
import { measureWarnings, type WarningMeasure } from '../warnings/measure.ts'
import { isScorable, readsApplication } from '../warnings/model-score.ts'
import { replayScans } from '../warnings/replay-scans.ts'
import {
  LEVELS,
  modelRuleId,
  WARNING_MODELS,
  WARNING_RULES,
  type WarningModel,
  type WarningRule
} from '../warnings/rules.ts'
import { type Scan, warnedAt } from '../warnings/timeline.ts'
import { OFFLINE_COMPACT_FROM_BYTES } from './export.ts'
import { type PastCase, readHistories } from './history-files.ts'

const DAY_MS = 86_400_000
const BATCH_ROWS = 64
const MAX_QUEUED_ROWS = 1024
/** A measurement has time; a thread that needs longer than this hangs. */
const SCORE_DEADLINE_MS = 60_000

/** Accounts that are measured: by their instant, and by a part that the hash of their id draws. */
export interface Selection {
  readonly fromMs: number
  readonly untilMs: number
  readonly part?: { readonly index: number; readonly of: number } | undefined
}

export interface MeasureOptions {
  readonly eventsFile: string
  readonly applicationsFile: string
  readonly model: VerifiedModel
  readonly select: Selection
  /** Probabilities at which the model alone is taken to warn. */
  readonly thresholds: readonly number[]
  readonly resamples: number
  readonly seed: number
}

export interface MeasureRow extends WarningMeasure {
  /** Who warned: all rules, one of them, the model at a probability, or rules and model. */
  readonly by: string
  readonly from: string
}

export interface Measured {
  readonly accounts: number
  readonly bad: number
  readonly scored: number
  readonly rows: readonly MeasureRow[]
}

interface Scanned {
  readonly past: PastCase
  readonly scans: readonly Scan[]
}

/** Replays the past of every account whose outcome is known, and measures who was warned before it went bad. */
export async function measureFiles(options: MeasureOptions): Promise<Measured> {
  const { model, select } = options
  const modelName = nameOf(model)
  const { events, applications } = await readHistories(options.eventsFile, options.applicationsFile)
  const accounts = applications.filter((past) => past.outcome !== undefined && isSelected(past, select))
  const featureSet = createFeatureSet(CATALOGUE)
  const inputs = model.manifest.inputs.map(({ name }) => name)
  const toVector = createVectorPicker(featureSet.names, inputs)
  // What was asked for is not known before it is asked.
  const lastOnly = readsApplication(CATALOGUE, inputs)
  const scorer = await createScorerPool({
    model,
    threads: 1,
    maxBatchRows: BATCH_ROWS,
    maxQueuedRows: MAX_QUEUED_ROWS,
    explainFromPd: Number.POSITIVE_INFINITY,
    onBatch: () => {},
    onFault: () => {}
  })
  let scored = 0
  try {
    const scans = await replayScans({
      events,
      accounts,
      behaviour: createOfflineBehaviour({ compactFromBytes: OFFLINE_COMPACT_FROM_BYTES }),
      featureSet,
      rules: WARNING_RULES,
      submittedEvent,
      model: modelName,
      scoreOf: async ({ application }, values, isLast) => {
        if (lastOnly && !isLast) return Number.NaN
        const vector = toVector(values)
        if (!isScorable(model.manifest, application, vector)) return Number.NaN
        const outcome = await scorer.score(vector, performance.now() + SCORE_DEADLINE_MS)
        if (outcome.kind === 'fault') throw new Error(`the model did not answer: ${outcome.code}`)
        scored++
        return outcome.pd
      }
    })
    const scanned = [...scans].map(([past, of]) => ({ past, scans: of }))
    const bad = accounts.filter(({ outcome }) => outcome === 'bad').length
    return {
      accounts: accounts.length,
      bad,
      scored,
      rows: scored > 0 ? rowsOf(scanned, options) : ruleRows(scanned, options)
    }
  } finally {
    await scorer.close()
  }
}

function rowsOf(scanned: readonly Scanned[], options: MeasureOptions): MeasureRow[] {
  const model = WARNING_RULES.find(({ id }) => id === modelRuleId(nameOf(options.model))) as WarningRule
  const alone = options.thresholds.map((threshold) =>
    rowOf(scanned, model.id, [{ ...model, from: { yellow: threshold } }], 'yellow', `${threshold}`, options)
  )
  const together = LEVELS.map((level) => rowOf(scanned, 'rules and model', WARNING_RULES, level, level, options))
  return [...ruleRows(scanned, options), ...alone, ...together]
}

function ruleRows(scanned: readonly Scanned[], options: MeasureOptions): MeasureRow[] {
  const rules = WARNING_RULES.filter(({ signal }) => !signal.startsWith('model.'))
  const together = LEVELS.map((level) => rowOf(scanned, 'rules', rules, level, level, options))
  const each = rules
    .map((rule) => rowOf(scanned, rule.id, [rule], 'yellow', 'yellow', options))
    .filter(({ warned }) => warned > 0)
  return [...together, ...each]
}

function rowOf(
  scanned: readonly Scanned[],
  by: string,
  rules: readonly WarningRule[],
  level: (typeof LEVELS)[number],
  from: string,
  { resamples, seed }: MeasureOptions
): MeasureRow {
  const measured = scanned.map(({ past: { application, asOf, outcome }, scans }) => ({
    isBad: outcome === 'bad',
    outcomeAtMs: asOf + termDays(application.term) * DAY_MS,
    warnedSinceMs: warnedAt(rules, scans)[level]
  }))
  return { by, from, ...measureWarnings(measured, { resamples, seed }) }
}

function nameOf({ manifest: { name } }: VerifiedModel): WarningModel {
  const found = WARNING_MODELS.find((each) => each === name)
  if (found === undefined) throw new Error(`no rule warns by a model called ${name}`)
  return found
}

function isSelected({ application, asOf }: PastCase, { fromMs, untilMs, part }: Selection): boolean {
  if (asOf < fromMs || asOf > untilMs) return false
  if (part === undefined) return true
  // As models/training draws the parts it holds back.
  return createHash('sha256').update(application.applicationId).digest().readUInt32BE(0) % part.of === part.index
}
