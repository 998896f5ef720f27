import { MAX_RETAINED } from '../../../src/features/history.ts'
import { createHistories } from '../../../src/features/stored-entity.ts'
import { measureInterleaved } from '../interleaved.ts'
import { busyHistory, packRecords } from './history.ts'

/** Nanoseconds an event, medians. */
export interface FoldNanos {
  /** Of a record that was appended since the last fold, when a decision reads it. */
  readonly record: number
  /** Of an event that a profile keeps whole, when a decision reads it. */
  readonly retained: number
  /** Of a record, when the ingest worker folds it into a full profile for good. */
  readonly compaction: number
}

/** About what makes an entity due. */
const RECORDS = 40
const CALLS = 2000

/** What folding costs an event, without Redis. */
export async function measureFold(note: (line: string) => void): Promise<FoldNanos> {
  note('folding')
  const history = createHistories()('applicant')
  const events = [...busyHistory(MAX_RETAINED + RECORDS, Date.now())]
  const records = packRecords(events.slice(-RECORDS))
  const profile = history.fold(null, packRecords(events.slice(0, MAX_RETAINED))).encode()
  const due = Buffer.concat([profile, records])
  const { record, retained, compaction } = await measureInterleaved(
    {
      record: () => history.fold(records, null).size,
      retained: () => history.fold(profile, null).size,
      compaction: () => history.fold(due, null).encode().length
    },
    CALLS
  )
  return {
    record: (record * 1000) / RECORDS,
    retained: (retained * 1000) / MAX_RETAINED,
    compaction: (compaction * 1000) / RECORDS
  }
}
