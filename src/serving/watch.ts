import { readFile } from 'node:fs/promises'
import type { Lineup } from '../decisions/serving.ts'
import type { OpenLineup } from './lineup.ts'

/** How often models/active.json is looked at: a change serves within a second, the start of its threads included. */
const LOOK_MS = 200
/** A change that failed may be half a copy of files: it is tried again this much later. */
const RETRY_MS = 5000

export interface LineupWatchOptions {
  readonly modelsFolder: URL
  /** Loads, checks and starts what active.json names; throws when anything is wrong with it. */
  readonly open: () => Promise<OpenLineup>
  /** A decision that began with a line-up may use it this long after another took its place. */
  readonly graceMs: number
  readonly nowMs: () => number
  readonly onSwap: (lineup: OpenLineup) => void
  /** The last good line-up keeps serving. */
  readonly onFault: (error: unknown) => void
}

export interface LineupWatch {
  readonly current: () => Lineup
  /** Looks now, instead of at the next look. */
  readonly look: () => Promise<void>
  readonly close: () => Promise<void>
}

/**
 * Keeps the line-up that models/active.json names. Another one is started and proven beside the one that serves, takes its
 * place between two decisions, and the old one ends when no decision can be in it any more.
 *
 * @throws AssayError when the first line-up cannot be opened
 */
export async function watchLineup(options: LineupWatchOptions): Promise<LineupWatch> {
  const { modelsFolder, open, graceMs, nowMs, onSwap, onFault } = options
  const file = new URL('active.json', modelsFolder)
  const retiring = new Map<OpenLineup, NodeJS.Timeout>()
  /** Empty when it is not there: that is refused as any other change is, and tried again as seldom. */
  const readText = () => readFile(file, 'utf8').catch(() => '')
  let text = await readText()
  let lineup = await open()
  let failed = { text, atMs: Number.NEGATIVE_INFINITY }
  let looking: Promise<void> | undefined
  let isClosed = false
  onSwap(lineup)

  const retire = (old: OpenLineup): void => {
    const end = () =>
      void old
        .close()
        .catch(onFault)
        .finally(() => retiring.delete(old))
    retiring.set(old, setTimeout(end, graceMs).unref())
  }

  const swap = async (): Promise<void> => {
    const found = await readText()
    if (found === text || (found === failed.text && nowMs() < failed.atMs + RETRY_MS)) return
    let next: OpenLineup | undefined
    try {
      next = await open()
      if (isClosed) return await next.close()
      onSwap(next)
    } catch (error) {
      failed = { text: found, atMs: nowMs() }
      await next?.close().catch(onFault)
      throw error
    }
    retire(lineup)
    lineup = next
    // What was opened may be a later text than what was found: then the next look finds it changed and opens it again.
    text = (await readText()) === found ? found : ''
  }

  const look = (): Promise<void> => {
    looking ??= swap()
      .catch(onFault)
      .finally(() => {
        looking = undefined
      })
    return looking
  }
  const timer = setInterval(() => void look(), LOOK_MS).unref()

  return {
    current: () => lineup,
    look,
    close: async () => {
      isClosed = true
      clearInterval(timer)
      for (const end of retiring.values()) clearTimeout(end)
      // What is being opened may hang: it holds up nobody who serves, and closes itself when it comes.
      await Promise.all([looking, ...[lineup, ...retiring.keys()].map((each) => each.close())])
    }
  }
}
