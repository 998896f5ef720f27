import { SCENARIOS } from '../load-tests/simulator/assumptions.ts'
import type { Truth } from '../load-tests/simulator/scene.ts'
import { createSimulator } from '../load-tests/simulator/simulator.ts'
import { DAY_MS } from '../load-tests/simulator/world.ts'
import type { DecisionRequest } from '../src/domain/application.ts'
import type { EventInput } from '../src/domain/event.ts'
import { attack } from './attack.ts'
import { demandOf } from './demand.ts'

export interface WorldOptions {
  readonly seed: number
  readonly people: number
  readonly days: number
  readonly startMs: number
  /** Begins every id. */
  readonly prefix?: string
}

export interface DemoApplication {
  readonly kind: 'application'
  readonly atMs: number
  readonly request: DecisionRequest
  readonly truth: Truth
  readonly isAttack: boolean
  /** Of the last quarter, whose people are others. */
  readonly isDrifted: boolean
}

/** What happens without the lender’s doing. */
export type Happening = DemoApplication | { readonly kind: 'event'; readonly atMs: number; readonly event: EventInput }

const ATTACK_AT = 0.55
const ATTACK_SHARE = 0.03
const FEWEST_IDENTITIES = 12
const DRIFT_FROM = 0.75
/** The second hour of a night. */
const ATTACK_HOUR_MS = 3_600_000

/** The year’s applicants and what they do, by time: the simulator’s people, one attack and other people from autumn on. */
export function* world({ seed, people, days, startMs, prefix = 'demo' }: WorldOptions): Generator<Happening> {
  const assumptions = SCENARIOS.training
  const attackAtMs = startMs + Math.floor(days * ATTACK_AT) * DAY_MS + ATTACK_HOUR_MS
  const driftFromMs = startMs + Math.floor(days * DRIFT_FROM) * DAY_MS
  const identities = Math.max(FEWEST_IDENTITIES, Math.round(people * ATTACK_SHARE))
  const attacking = attack({ seed, assumptions, prefix: `${prefix}-attack`, identities, startMs: attackAtMs })
    .map((item) => [item, true] as const)
    .sort(([one], [other]) => one.atMs - other.atMs)
  const simulated = createSimulator({ seed, assumptions, startMs, days, applicants: people, prefix }).items()
  const told = (function* () {
    for (const item of simulated) yield [item, false] as const
  })()
  for (const [item, isAttack] of merged(told, attacking)) {
    if (item.kind === 'event') yield item
    else {
      const isDrifted = item.atMs >= driftFromMs
      yield { ...item, request: demandOf(item.request, isDrifted), isAttack, isDrifted }
    }
  }
}

type Told<Item> = readonly [item: Item, isAttack: boolean]

function* merged<Item extends { readonly atMs: number }>(
  stream: Iterable<Told<Item>>,
  list: readonly Told<Item>[]
): Generator<Told<Item>> {
  let next = 0
  for (const each of stream) {
    for (let first = list[next]; first !== undefined && first[0].atMs <= each[0].atMs; first = list[next]) {
      yield first
      next++
    }
    yield each
  }
  yield* list.slice(next)
}
