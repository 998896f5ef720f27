import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Redis } from 'ioredis'
import type { Config } from '../src/config.ts'
import { createBehaviourStore } from '../src/features/behaviour-store.ts'
import { CATALOGUE } from '../src/features/catalogue.ts'
import { createFeatureSet } from '../src/features/vector.ts'
import { loadModel, modelFolder, readActiveModels } from '../src/inference/model.ts'
import { createScorerPool } from '../src/inference/pool.ts'
import type { Scorer } from '../src/inference/scorer.ts'
import type { LoanStore } from '../src/loans/loan-store.ts'
import { faultFields, type Logger } from '../src/log.ts'
import type { Metrics } from '../src/metrics.ts'
import type { RunScheduled } from '../src/monitoring/scheduled-job.ts'
import { type Keys, partitionOfText } from '../src/redis/keys.ts'
import { createScanNew, createSweep } from '../src/warnings/redis-people.ts'
import { LEVELS } from '../src/warnings/rules.ts'
import { createScanPerson, type ScanDeps } from '../src/warnings/scan.ts'
import { createScoreModels } from '../src/warnings/score-models.ts'

const DAY_MS = 86_400_000
const MODELS = new URL('../models/', import.meta.url)
const BATCH_ROWS = 64
const MAX_QUEUED_ROWS = 1024
/** Nobody waits for a warning: a busy machine may take its time. */
const SCORE_DEADLINE_MS = 5000
/** Longer than any product’s term. */
const REMEMBER_MS = 400 * DAY_MS

export interface WarningJobsOptions {
  readonly redis: Redis
  readonly keys: Keys
  readonly config: Pick<Config, 'MODELS_DIR' | 'COMPACT_FROM_BYTES' | 'MAX_ENTITY_BYTES'>
  readonly loans: Pick<LoanStore, 'listByApplicant'>
  readonly log: Logger
  readonly metrics: Metrics
}

/** The jobs of early warnings; `close` ends the scoring thread, which begins with the first borrower that is to be scored. */
export function createWarningJobs(options: WarningJobsOptions) {
  const { redis, keys, config, loans, log, metrics } = options
  const featureSet = createFeatureSet(CATALOGUE)
  const models = openWhenNeeded(config, featureSet.names, (error) =>
    log.error(faultFields(error), 'no model warns: rules alone do')
  )
  const warnings = metrics.counter('credit_early_warnings_total')
  const outcomes = metrics.counter('credit_early_warning_outcomes_total')
  const leads = metrics.histogram('credit_early_warning_lead_days')
  const behaviour = createBehaviourStore({
    redis,
    keys,
    compactFromBytes: config.COMPACT_FROM_BYTES,
    maxEntityBytes: config.MAX_ENTITY_BYTES,
    nowMs: Date.now,
    onSetAside: () => {}
  })
  const scan = createScanPerson({
    loans,
    readBehaviour: (token) => redis.getBuffer(keys.entity('applicant', token)),
    featureSet,
    score: models.score,
    append: behaviour.append,
    nowMs: Date.now,
    onWarned: (level, rule) => warnings.inc({ level, rule }),
    isFirstOutcome: async ({ tenant, applicantToken }, loanId) => {
      const key = keys.effect(partitionOfText(applicantToken), `warned-outcome:${tenant}:${loanId}`)
      return (await redis.set(key, 'd', 'PX', REMEMBER_MS, 'NX')) !== null
    },
    onOutcome: (outcome) => {
      for (const level of LEVELS) {
        const { result, leadDays } = outcome[level]
        outcomes.inc({ level, result })
        if (leadDays !== undefined) leads.observe({ level }, leadDays)
      }
    }
  })
  const jobs = {
    'warning-scan': createScanNew(redis, keys, scan),
    'warning-sweep': createSweep(redis, keys, scan, false),
    'behaviour-score': createSweep(redis, keys, scan, true)
  } as const satisfies Record<string, RunScheduled>
  return { jobs, close: models.close }
}

/** One thread for both models in the same task; it is there once somebody is scored, for an idle one costs memory. */
function openWhenNeeded(
  { MODELS_DIR }: Pick<Config, 'MODELS_DIR'>,
  featureNames: readonly string[],
  onFault: (error: unknown) => void
): { readonly score: ScanDeps['score']; readonly close: () => Promise<void> } {
  let opened: Promise<{ readonly scorer: Scorer; readonly score: ScanDeps['score'] }> | undefined
  const open = async () => {
    const folder = MODELS_DIR === '' ? MODELS : pathToFileURL(`${resolve(MODELS_DIR)}/`)
    const active = await readActiveModels(folder)
    const version = active['early-warning']?.champion
    if (version === undefined) throw new Error('models/active.json names no early-warning model')
    const [earlyWarning, credit] = await Promise.all([
      loadModel(modelFolder(folder, 'early-warning', version)),
      loadModel(modelFolder(folder, 'credit', active.credit.champion))
    ])
    const scorer = await createScorerPool({
      model: earlyWarning,
      fraud: { model: credit, explainFromPd: Number.POSITIVE_INFINITY },
      threads: 1,
      maxBatchRows: BATCH_ROWS,
      maxQueuedRows: MAX_QUEUED_ROWS,
      explainFromPd: Number.POSITIVE_INFINITY,
      onBatch: () => {},
      onFault: () => {}
    })
    const monotonicMs = () => performance.now()
    const deadlineMs = SCORE_DEADLINE_MS
    return { scorer, score: createScoreModels({ scorer, earlyWarning, credit, featureNames, monotonicMs, deadlineMs }) }
  }
  return {
    score: async (application, values) => {
      opened ??= open()
      try {
        return await (await opened).score(application, values)
      } catch (error) {
        // The next borrower tries again.
        opened = undefined
        onFault(error)
        return {}
      }
    },
    close: async () => {
      await (await opened?.catch(() => undefined))?.scorer.close()
    }
  }
}
