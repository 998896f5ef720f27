import { setTimeout as sleep } from 'node:timers/promises'
import { createChance } from '../load-tests/simulator/chance.ts'
import { DAY_MS } from '../load-tests/simulator/world.ts'
import type { DemoStack } from './demo-stack.ts'
import { world } from './world.ts'

export interface SteadyOptions {
  readonly seed: number
  readonly signal: AbortSignal
}

const APPLICATIONS_PER_SECOND = 3
const PEOPLE = 20_000
const DAYS = 365

/**
 * Goes on from today in real time, at a few applications a second, until the signal aborts: the same kinds of people, told
 * as they come without their simulated pauses.
 */
export async function steadyTraffic(
  { clock, shifts, service }: DemoStack,
  { seed, signal }: SteadyOptions
): Promise<void> {
  clock.followReality()
  await shifts.end()
  const chance = createChance(seed, 'steady')
  // Ids of the year before must not come again.
  const options = {
    seed: seed + 1,
    people: PEOPLE,
    days: DAYS,
    startMs: Date.now() - DAYS * DAY_MS,
    prefix: `live${Date.now().toString(36)}`
  }
  for (const item of world(options)) {
    const nowMs = Date.now()
    if (item.kind === 'event') await service.tell([{ ...item.event, occurredAtMs: nowMs }])
    else {
      await service.decide(item.request)
      await sleep(chance.gap(1000 / APPLICATIONS_PER_SECOND), undefined, { signal })
    }
  }
}
