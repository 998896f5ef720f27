import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { finished } from 'node:stream/promises'

/** A file in the making: it has its name only once it is whole. */
export interface Output {
  /** Wait for it: the disk sets the pace. */
  readonly write: (text: string) => Promise<void> | undefined
}

const PART_CHARS = 65_536

/**
 * Writes files that appear together or not at all: under other names first, renamed when `work` is through. When it
 * fails, what was there before stays as it was.
 */
export async function writeFiles<Result>(
  files: readonly string[],
  work: (outputs: readonly Output[]) => Promise<Result>
): Promise<Result> {
  await Promise.all(files.map((file) => mkdir(dirname(file), { recursive: true })))
  const suffix = `.${process.pid}-${randomBytes(4).toString('hex')}.part`
  const parts = files.map((file) => openPart(file + suffix))
  try {
    const result = await work(parts)
    await Promise.all(parts.map((part) => part.end()))
    for (const file of files) await rename(file + suffix, file)
    return result
  } finally {
    await Promise.all(parts.map((part) => part.discard()))
  }
}

function openPart(name: string): Output & { readonly end: () => Promise<void>; readonly discard: () => Promise<void> } {
  const stream = createWriteStream(name, { flags: 'wx' })
  let failure: Error | undefined
  stream.on('error', (error) => {
    failure = error
  })
  let buffered = ''
  const flush = async (): Promise<void> => {
    if (failure !== undefined) throw failure
    const text = buffered
    buffered = ''
    if (!stream.write(text)) await once(stream, 'drain')
  }
  return {
    write: (text) => {
      buffered += text
      return buffered.length < PART_CHARS ? undefined : flush()
    },
    end: async () => {
      await flush()
      stream.end()
      await finished(stream)
    },
    discard: async () => {
      stream.destroy()
      await rm(name, { force: true })
    }
  }
}
