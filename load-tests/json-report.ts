import { arch, cpus, totalmem } from 'node:os'
import type { LoadOptions } from './options.ts'
import { checkGoals, type LoadResults } from './results.ts'

export interface Surroundings {
  readonly startedAt: string
  readonly redisVersion: string
}

/** Everything in one object for machines. A part that was not asked for is null, or an empty list. */
export function jsonReport(results: LoadResults, options: LoadOptions, { startedAt, redisVersion }: Surroundings) {
  const { saturation, openLoop, noopOpenLoop } = results
  const { jsonFile: _, profileFile, ...settings } = options
  const { shareOfNoop, redisCommands } = saturation ?? {}
  return {
    noop: saturation?.noop ?? null,
    saturation: saturation && { ...saturation.gateway, shareOfNoop, redisCommands },
    openLoop,
    noopOpenLoop,
    goals: checkGoals(results),
    settings: { ...settings, profiled: profileFile !== undefined },
    machine: machine(redisVersion),
    startedAt
  }
}

export function machine(redisVersion: string) {
  const all = cpus()
  return {
    node: process.version,
    redis: redisVersion,
    cpu: `${all.length} × ${all[0]?.model.trim() ?? 'unknown'} (${arch()})`,
    memoryGiB: Math.round(totalmem() / 2 ** 30)
  }
}
