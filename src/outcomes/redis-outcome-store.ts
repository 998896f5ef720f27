import type { Redis } from 'ioredis'
import { partitionOf } from '../domain/ids.ts'
import { AssayError } from '../errors.ts'
import { noteOutcomes, type OutcomeReply } from '../redis/functions.ts'
import { type Keys, PARTITIONS } from '../redis/keys.ts'
import { type Calibration, PD_BINS, pdBin } from './calibration.ts'
import type { OutcomeInput } from './outcome.ts'

const BILLION = 1e9
const ROLE = 'credit'

/** An outcome with the score that its decision had. */
export interface ScoredOutcome {
  readonly tenant: string
  readonly input: OutcomeInput
  /** Null when no model scored it. */
  readonly score: { readonly modelId: string; readonly pd: number } | null
}

export interface ModelCalibration {
  readonly model: string
  readonly version: string
  readonly calibration: Calibration
}

export interface OutcomeStore {
  /**
   * Notes outcomes and counts each once, atomically.
   *
   * @throws AssayError store_unavailable: some may be noted, and sending them again is harmless
   */
  readonly note: (outcomes: readonly ScoredOutcome[]) => Promise<OutcomeReply[]>
  /** What all partitions count, by model version. */
  readonly readCalibrations: () => Promise<ModelCalibration[]>
}

/** OutcomeStore on Redis (redis/lua/60-outcomes.lua). */
export function createRedisOutcomeStore(options: {
  readonly redis: Redis
  readonly keys: Keys
  /** How long an outcome is remembered: at least as long as its decision. */
  readonly keepMs: number
}): OutcomeStore {
  const { redis, keys, keepMs } = options

  const toCall = ({ tenant, input: { decisionId, outcome, observedAtMs, source }, score }: ScoredOutcome) => {
    const pd = score?.pd ?? 0
    return {
      outcome: keys.outcome(partitionOf(decisionId), tenant, decisionId),
      calibration: keys.calibration(partitionOf(decisionId)),
      note: outcome === 'bad' ? ('b' as const) : ('g' as const),
      observedAtMs,
      source: source ?? '',
      model: score === null ? '' : `${ROLE} ${score.modelId}`,
      bin: score === null ? 0 : pdBin(pd),
      pd: Math.round(pd * BILLION),
      pdSquared: Math.round(pd * pd * BILLION)
    }
  }

  return {
    note: async (outcomes) => {
      try {
        return await noteOutcomes(redis, outcomes.map(toCall), keepMs)
      } catch (cause) {
        const detail = 'some outcomes may not be noted: send all of them again, repeats are harmless'
        throw new AssayError('store_unavailable', detail, { cause, retryAfterSeconds: 1 })
      }
    },
    readCalibrations: async () => {
      const partitions = Array.from({ length: PARTITIONS }, (_, partition) =>
        redis.hgetall(keys.calibration(partition))
      )
      const byModel = new Map<string, Map<string, number>>()
      for (const counts of await Promise.all(partitions)) {
        for (const [field, value] of Object.entries(counts)) {
          const [model = '', id = '', what = ''] = field.split(' ')
          const name = `${model} ${id.split('@')[0]}`
          const sums = byModel.get(name) ?? new Map<string, number>()
          byModel.set(name, sums.set(what, (sums.get(what) ?? 0) + Number(value)))
        }
      }
      return [...byModel].map(([name, sums]) => {
        const [model = '', version = ''] = name.split(' ')
        return { model, version, calibration: toCalibration(sums) }
      })
    }
  }
}

function toCalibration(sums: ReadonlyMap<string, number>): Calibration {
  const column = (what: string, unit: number) =>
    Float64Array.from({ length: PD_BINS }, (_, bin) => (sums.get(`${what}${bin}`) ?? 0) / unit)
  return {
    good: column('g', 1),
    bad: column('b', 1),
    expected: column('e', BILLION),
    pdOfBad: (sums.get('pb') ?? 0) / BILLION,
    pdSquared: (sums.get('pp') ?? 0) / BILLION
  }
}
