import { type FileHandle, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AssayError } from '../errors.ts'
import type { TallyState } from './backtest-tally.ts'
import { UsageError } from './command.ts'
import { readLineBatches } from './ndjson.ts'

const FLUSH_CHARS = 262_144

/** How far a backtest has come; beside the part of its output that belongs to it. */
export interface Checkpoint {
  /** Of the inputs and the options: a backtest goes on only with the same. */
  readonly fingerprint: string
  readonly decisions: number
  readonly bytes: number
  readonly tally: TallyState
}

export interface ResumableOutput {
  /** Where it goes on; undefined at the beginning. */
  readonly from: Checkpoint | undefined
  readonly write: (line: string) => Promise<void> | undefined
  /** What is written now holds, whatever kills the process. */
  readonly save: (decisions: number, tally: TallyState) => Promise<void>
  /** The file gets its name: it is whole. */
  readonly finish: () => Promise<void>
  /** Closes; what was saved stays for --resume. */
  readonly stop: () => Promise<void>
  /** Closes and leaves nothing. */
  readonly discard: () => Promise<void>
}

/**
 * Writes OUT.part, with the checkpoint in OUT.resume.json, until the whole of it gets its name.
 *
 * @throws UsageError when it is to go on and there is nothing to go on from, or it is of other inputs
 */
export async function openResumable(out: string, fingerprint: string, resume: boolean): Promise<ResumableOutput> {
  const [part, state] = [`${out}.part`, `${out}.resume.json`]
  await mkdir(dirname(out), { recursive: true })
  const from = resume ? await readCheckpoint(state, fingerprint) : undefined
  if (!resume) await rm(state, { force: true })
  const file = await openPart(part, from)
  let bytes = from?.bytes ?? 0
  let buffered = ''

  const flush = async (): Promise<void> => {
    const chunk = Buffer.from(buffered)
    buffered = ''
    for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten
    bytes += chunk.length
  }
  const remove = () => Promise.all([part, state].map((name) => rm(name, { force: true })))
  return {
    from,
    write: (line) => {
      buffered += `${line}\n`
      return buffered.length < FLUSH_CHARS ? undefined : flush()
    },
    save: async (decisions, tally) => {
      await flush()
      await file.datasync()
      const checkpoint: Checkpoint = { fingerprint, decisions, bytes, tally }
      await writeFile(`${state}.next`, JSON.stringify(checkpoint))
      await rename(`${state}.next`, state)
    },
    finish: async () => {
      await flush()
      await file.close()
      await rename(part, out)
      await rm(state, { force: true })
    },
    stop: () => file.close(),
    discard: async () => {
      await file.close()
      await remove()
    }
  }
}

async function openPart(part: string, from: Checkpoint | undefined): Promise<FileHandle> {
  if (from === undefined) return open(part, 'w')
  const file = await open(part, 'r+')
  const { size } = await file.stat()
  if (size < from.bytes) {
    await file.close()
    throw new AssayError('invalid_request', `${part} is shorter than its checkpoint says: start anew, without --resume`)
  }
  // Lines after the checkpoint are decided again: to the bit as they were.
  await file.truncate(from.bytes)
  await file.close()
  return open(part, 'a')
}

async function readCheckpoint(file: string, fingerprint: string): Promise<Checkpoint> {
  let checkpoint: Checkpoint
  try {
    checkpoint = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new UsageError(`backtest: there is nothing to resume at ${file}`, { cause })
  }
  if (checkpoint.fingerprint === fingerprint) return checkpoint
  throw new UsageError('backtest: what was stopped had other files, another policy, model or other options')
}

/** What ranks, of the lines that were written already. */
export async function readRanked(
  out: string
): Promise<{ readonly pd: number[]; readonly outcomes: (string | undefined)[] }> {
  const pd: number[] = []
  const outcomes: (string | undefined)[] = []
  for await (const { lines } of readLineBatches(`${out}.part`)) {
    for (const text of lines) {
      if (text === '') continue
      const line = JSON.parse(text) as { pd: number | null; outcome?: string }
      pd.push(line.pd ?? Number.NaN)
      outcomes.push(line.outcome)
    }
  }
  return { pd, outcomes }
}
