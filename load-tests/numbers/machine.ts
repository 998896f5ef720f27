import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { release, tmpdir, type } from 'node:os'
import { join } from 'node:path'
import { machine } from '../json-report.ts'
import { median } from '../results.ts'

const SYNCS = 200
const SYNC_BYTES = 4096

/** Median milliseconds to append 4 KiB and have them on the disk, where the load tests put their Redis (TMPDIR). */
export function measureSyncMs(): number {
  const directory = mkdtempSync(join(tmpdir(), 'assay-sync-'))
  const file = openSync(join(directory, 'appended'), 'a')
  const block = Buffer.alloc(SYNC_BYTES, 1)
  try {
    return median(
      Array.from({ length: SYNCS }, () => {
        const startedAtMs = performance.now()
        writeSync(file, block)
        fsyncSync(file)
        return performance.now() - startedAtMs
      })
    )
  } finally {
    closeSync(file)
    rmSync(directory, { recursive: true })
  }
}

/** The line above the table: two tables compare only as far as these agree. */
export function machineLine(redisVersion: string, syncMs: number, at: Date): string {
  const { cpu, memoryGiB, node } = machine(redisVersion)
  return (
    `Measured on ${at.toISOString().slice(0, 10)} on ${cpu}, ${memoryGiB} GiB, ` +
    `${type()} ${release()}, Node ${node}, Redis ${redisVersion}, 4 KiB synced to its disk in ${syncMs.toFixed(2)} ms; ` +
    'the service, its Redis and whoever asks are all on it.'
  )
}
