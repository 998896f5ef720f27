import { setTimeout as sleep } from 'node:timers/promises'
import { DAY_MS } from '../load-tests/simulator/world.ts'
import type { Cli } from '../load-tests/stack.ts'
import type { GuardStore } from '../src/guard/redis-guard-store.ts'

export interface RiskDeskOptions {
  readonly cli: Cli
  readonly guard: Pick<GuardStore, 'read'>
}

/** How long what the guard holds back stays before two people release it. */
const RELEASE_AFTER_DAYS = 21
/** Gateways look at the guard twice a second, in real time. */
const SEEN_AFTER_MS = 1200

/**
 * The people who answer for the portfolio: what the guard has held back for three weeks, two of them release. Returns when the
 * gateway knows what is in force, so that no decision depends on how fast the machine is.
 */
export function createRiskDesk({ cli, guard }: RiskDeskOptions): (nowMs: number) => Promise<void> {
  let known = ''
  return async (nowMs) => {
    const { restrictions } = (await guard.read()).state
    for (const { id, sinceMs } of restrictions) {
      if (nowMs - sinceMs < RELEASE_AFTER_DAYS * DAY_MS) continue
      const { code, stderr } = await cli(['guard', 'release', id, '--approver', 'chioma', '--approver', 'wei'])
      if (code !== 0) throw new Error(`${id} was not released: ${stderr.trim()}`)
    }
    const now = (await guard.read()).state.restrictions.map(({ id, sinceMs }) => `${id} ${sinceMs}`).join(', ')
    if (now === known) return
    known = now
    await sleep(SEEN_AFTER_MS)
  }
}
