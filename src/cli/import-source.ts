import type { EventInput } from '../domain/event.ts'
import type { PastRequest } from './history-files.ts'

/** What an importer makes of a folder. */
export interface Imported {
  /** By time, then by id. */
  readonly events: readonly EventInput[]
  /** By time, then by id; undefined when the source has no applications, which is not the same as none. */
  readonly applications?: readonly PastRequest[]
  /** What was read, mended and left out; repeatedRows say word for word what an earlier one said and count once. */
  readonly counts: Readonly<Record<string, number>>
  /** How times without a zone were taken, in words. */
  readonly timesTakenAs: string
}

export function byAsOf(left: PastRequest, right: PastRequest): number {
  return left.asOf - right.asOf || (left.applicationId < right.applicationId ? -1 : 1)
}
