import type { Redis } from 'ioredis'
import type { Application } from '../domain/application.ts'
import type { Keys } from '../redis/keys.ts'
import { decisionFactOf, type ObservedDecision } from './decision-facts.ts'
import type { Restriction } from './guard-state.ts'
import { type LoadedGuard, loadGuard } from './load-guard.ts'
import { createDecisionSums } from './redis-decision-sums.ts'
import { type GuardWatch, watchGuard } from './redis-guard-watch.ts'

export interface GatewayGuardOptions {
  readonly policiesFolder: URL
  /** Not the connection of decisions. */
  readonly redis: Redis
  readonly keys: Keys
  /** Of this run of this process. */
  readonly processId: string
  readonly nowMs: () => number
  readonly onChange: (restrictions: readonly Restriction[]) => void
  readonly onFault: (error: unknown) => void
}

export interface GatewayGuard extends Pick<GuardWatch, 'restraintOf'> {
  readonly observe: (decision: ObservedDecision, application: Application) => void
  readonly close: () => Promise<void>
}

/** The gateway’s part of the portfolio guard: counts decisions, and knows what is held back. Neither waits for anything. */
export async function openGatewayGuard(options: GatewayGuardOptions): Promise<GatewayGuard> {
  const { policiesFolder, onFault } = options
  // Without its file the guard of the monitor does nothing either; prices are then above no line.
  const guard: LoadedGuard | undefined = await loadGuard(policiesFolder).catch((error: unknown) => {
    onFault(error)
    return undefined
  })
  const fourTimesLpr = guard?.policy.fourTimesLpr ?? Number.POSITIVE_INFINITY
  const sums = createDecisionSums(options)
  const watch = watchGuard(options)
  await watch.look()
  return {
    restraintOf: watch.restraintOf,
    observe: (decision, application) => sums.add(decisionFactOf(decision, application, fourTimesLpr)),
    close: async () => {
      watch.close()
      await sums.close()
    }
  }
}
