import type { AssayEvent } from '../../src/domain/event.ts'
import type { FeatureDefinition } from '../../src/features/definition.ts'
import { History } from '../../src/features/history.ts'
import { packRecord } from '../../src/features/record.ts'
import { createTileLayouts, type TileLayout } from '../../src/features/tile-layout.ts'
import { createFeatureSet, type EntityState, type MeasuredValues } from '../../src/features/vector.ts'
import { cashApplication } from '../support/cash-application.ts'

export const tailOf = (events: readonly AssayEvent[]) => Buffer.concat(events.map(packRecord))

/** The layout of applicants. */
export function layoutOf(definitions: readonly FeatureDefinition[]): TileLayout {
  return createTileLayouts(definitions)[0] as TileLayout
}

/** Folds events of an applicant, with the layout of a catalogue. */
export function foldAs(
  definitions: readonly FeatureDefinition[],
  profile: Buffer | null,
  events: readonly AssayEvent[]
): History {
  return new History(layoutOf(definitions)).fold(profile, tailOf(events))
}

/** Computes features of an applicant from what is stored of it. */
export function readFeatures(
  definitions: readonly FeatureDefinition[],
  state: EntityState,
  nowMs: number
): MeasuredValues {
  return createFeatureSet(definitions).compute(NOBODY, [state, null, null, null, null], nowMs)
}

const NOBODY = cashApplication()
