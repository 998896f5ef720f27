import type { Application, Refs } from '../domain/application.ts'
import { type AssayEvent, ENTITY_KINDS } from '../domain/event.ts'
import { CATALOGUE } from './catalogue.ts'
import { History } from './history.ts'
import { packRecord } from './record.ts'
import { createTileLayouts, type TileLayout } from './tile-layout.ts'
import type { EntityState, EntityStates, FeatureSet, FeatureValues } from './vector.ts'

/** Behaviour in memory: the same records, profiles and folds as on Redis, for replays of the past. */
export interface OfflineBehaviour {
  readonly append: (event: AssayEvent) => void
  readonly states: (refs: Refs) => EntityStates
}

export interface OfflineOptions {
  /** Unfolded bytes from which an entity is folded. */
  readonly compactFromBytes: number
  /** As the features that read the states have them. */
  readonly layouts?: readonly TileLayout[]
}

const NO_STATE: EntityState = { profile: null, tail: null }

/**
 * Keeps a profile and a tail for each entity and folds the tail into the profile from `compactFromBytes` on. A fold is
 * order-free, so where it happens changes no value; live does it in the ingest worker.
 */
export function createOfflineBehaviour({
  compactFromBytes,
  layouts = createTileLayouts(CATALOGUE)
}: OfflineOptions): OfflineBehaviour {
  const entities = ENTITY_KINDS.map(() => new Map<string, EntityState>())
  const histories = layouts.map((layout) => new History(layout))

  const extend = ({ profile, tail }: EntityState, record: Buffer, history: History): EntityState => {
    const longer = tail === null ? record : Buffer.concat([tail, record])
    if (longer.length < compactFromBytes) return { profile, tail: longer }
    return { profile: history.fold(profile, longer).encode(), tail: null }
  }

  return {
    append: (event) => {
      const record = packRecord(event)
      ENTITY_KINDS.forEach((kind, index) => {
        const token = event.refs[kind]
        const states = entities[index]
        const history = histories[index] as History
        if (token !== undefined) states?.set(token, extend(states.get(token) ?? NO_STATE, record, history))
      })
    },
    states: (refs) =>
      ENTITY_KINDS.map((kind, index) => {
        const token = refs[kind]
        return token === undefined ? null : (entities[index]?.get(token) ?? NO_STATE)
      })
  }
}

/** An application of the past and when it was made. */
export interface PastApplication {
  readonly application: Application
  readonly asOf: number
}

export interface ReplayInput<Past extends PastApplication> {
  readonly events: readonly AssayEvent[]
  readonly applications: readonly Past[]
  readonly behaviour: OfflineBehaviour
  readonly featureSet: FeatureSet
  /** The application’s own event, which live appends before it reads. */
  readonly submittedEvent: (application: Application, nowMs: number) => AssayEvent
}

export interface Replayed<Past extends PastApplication> {
  readonly past: Past
  readonly features: FeatureValues
}

/**
 * Merges events and applications by time and yields what live would have seen at each application: every event up to
 * and including its instant and nothing later, then its own. The inputs may come in any order; applications of the same
 * instant keep theirs.
 */
export function* replay<Past extends PastApplication>(input: ReplayInput<Past>): Generator<Replayed<Past>> {
  const { behaviour, featureSet, submittedEvent } = input
  const events = input.events.toSorted(byTime)
  const applications = input.applications.toSorted((left, right) => left.asOf - right.asOf)
  let next = 0
  for (const past of applications) {
    const { application, asOf } = past
    for (; next < events.length && (events[next] as AssayEvent).occurredAtMs <= asOf; next++)
      behaviour.append(events[next] as AssayEvent)
    behaviour.append(submittedEvent(application, asOf))
    yield { past, features: featureSet.compute(application, behaviour.states(application.refs), asOf) }
  }
}

/** Order of files of events: by time, then by id, as code units compare. */
export function byTime(left: Timed, right: Timed): number {
  return left.occurredAtMs - right.occurredAtMs || compareText(left.eventId, right.eventId)
}

interface Timed {
  readonly occurredAtMs: number
  readonly eventId: string
}

function compareText(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
