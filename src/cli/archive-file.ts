import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Static, Type } from 'typebox'
import { compileCheck } from '../domain/check.ts'
import { DataError } from './data-error.ts'

const count = Type.Integer({ minimum: 0 })

/** What is certain of an archive in the making. */
const ArchiveStateSchema = Type.Object({
  /** Entries that reached the log before this time. */
  untilMs: count,
  /** The partition that is being written and the last entry of it. */
  partition: count,
  after: Type.String(),
  events: count,
  bytes: count
})
export type ArchiveState = Static<typeof ArchiveStateSchema>

const check = compileCheck(ArchiveStateSchema)

/** An archive in the making: FILE.part and, beside it, FILE.state. It gets its name when it is whole. */
export interface ArchiveFile {
  readonly state: ArchiveState
  readonly isResumed: boolean
  /** Adds lines; they are certain once `save` was called. */
  readonly write: (text: string) => Promise<void>
  readonly save: (state: Omit<ArchiveState, 'bytes'>) => Promise<void>
  /** @returns the bytes and their sha256 */
  readonly finish: () => Promise<{ readonly bytes: number; readonly sha256: string }>
  readonly close: () => Promise<void>
}

/** Opens what an earlier run left or begins; what was written behind its last state is cut off. */
export async function openArchive(file: string, begin: Omit<ArchiveState, 'bytes'>): Promise<ArchiveFile> {
  const [part, stateFile] = [`${file}.part`, `${file}.state`]
  await mkdir(dirname(file), { recursive: true })
  const known = await readState(stateFile)
  const state = known ?? { ...begin, bytes: 0 }
  const handle = await open(part, known === undefined ? 'w' : 'r+')
  const digest = createHash('sha256')
  try {
    await handle.truncate(state.bytes)
    if ((await digestOf(part, digest)) !== state.bytes)
      throw new DataError(part, undefined, 'is shorter than its state')
  } catch (error) {
    await handle.close()
    throw error
  }
  return createArchiveFile({ file, part, stateFile, handle, digest, state, isResumed: known !== undefined })
}

interface Opened {
  readonly file: string
  readonly part: string
  readonly stateFile: string
  readonly handle: FileHandle
  readonly digest: Hash
  readonly state: ArchiveState
  readonly isResumed: boolean
}

function createArchiveFile({ file, part, stateFile, handle, digest, state, isResumed }: Opened): ArchiveFile {
  let { bytes } = state
  return {
    state,
    isResumed,
    write: async (text) => {
      const data = Buffer.from(text)
      await handle.write(data, 0, data.length, bytes)
      digest.update(data)
      bytes += data.length
    },
    save: async (next) => {
      // The other order would promise bytes that a power cut took.
      await handle.datasync()
      await writeFile(`${stateFile}.new`, JSON.stringify({ ...next, bytes }))
      await rename(`${stateFile}.new`, stateFile)
    },
    finish: async () => {
      await handle.sync()
      await rename(part, file)
      await rm(stateFile, { force: true })
      return { bytes, sha256: digest.digest('hex') }
    },
    close: () => handle.close()
  }
}

async function readState(stateFile: string): Promise<ArchiveState | undefined> {
  const text = await readFile(stateFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const checked = check(JSON.parse(text))
  if (!checked.ok) throw new DataError(stateFile, undefined, 'is no state of an archive; remove it to begin again')
  return checked.value
}

async function digestOf(file: string, digest: Hash): Promise<number> {
  let bytes = 0
  for await (const part of createReadStream(file)) {
    digest.update(part as Buffer)
    bytes += (part as Buffer).length
  }
  return bytes
}
