import { readFile } from 'node:fs/promises'
import type { Lineup } from '../decisions/serving.ts'
import { type Following, follow } from './follow.ts'
import type { OpenLineup } from './lineup.ts'

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

export interface LineupWatch extends Following {
  readonly current: () => Lineup
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
  const seen = await readText()
  let lineup = await open()
  onSwap(lineup)

  const retire = (old: OpenLineup): void => {
    const end = () =>
      void old
        .close()
        .catch(onFault)
        .finally(() => retiring.delete(old))
    retiring.set(old, setTimeout(end, graceMs).unref())
  }

  const take = async (isClosed: () => boolean): Promise<void> => {
    let next: OpenLineup | undefined
    try {
      next = await open()
      if (isClosed()) return await next.close()
      onSwap(next)
    } catch (error) {
      await next?.close().catch(onFault)
      throw error
    }
    retire(lineup)
    lineup = next
  }
  const following = follow({ stampOf: readText, seen, take, onFault, nowMs })

  return {
    current: () => lineup,
    look: following.look,
    close: async () => {
      for (const end of retiring.values()) clearTimeout(end)
      // What is being opened may hang: it holds up nobody who serves, and closes itself when it comes.
      await Promise.all([following.close(), ...[lineup, ...retiring.keys()].map((each) => each.close())])
    }
  }
}
