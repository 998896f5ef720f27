/** How often files are looked at: a change serves within a second, the start of scoring threads included. */
const LOOK_MS = 200
/**
 * A change that failed may be half a copy of files: it is tried again this much later, and counts again, so that an alert does
 * not end while it lasts.
 */
const RETRY_MS = 5000

export interface FollowOptions {
  /** Another text whenever what is followed has changed. Never throws. */
  readonly stampOf: () => Promise<string>
  /** The stamp of what is in force already; undefined where that is not known, so that the first look takes what is there. */
  readonly seen: string | undefined
  /** Puts in force what is there now; throws when anything is wrong with it, and what was in force stays. */
  readonly take: (isClosed: () => boolean) => Promise<void>
  readonly onFault: (error: unknown) => void
  readonly nowMs: () => number
}

export interface Following {
  /** Looks now, instead of at the next look. */
  readonly look: () => Promise<void>
  /** Waits for the look that is under way. */
  readonly close: () => Promise<void>
}

/** Follows files by looking at them again and again, one look at a time. */
export function follow({ stampOf, seen, take, onFault, nowMs }: FollowOptions): Following {
  let inForce = seen
  let isClosed = false
  let failed = { stamp: '', atMs: Number.NEGATIVE_INFINITY }
  let looking: Promise<void> | undefined

  const takeChange = async (): Promise<void> => {
    const stamp = await stampOf()
    if (stamp === inForce || (stamp === failed.stamp && nowMs() < failed.atMs + RETRY_MS)) return
    try {
      await take(() => isClosed)
    } catch (error) {
      failed = { stamp, atMs: nowMs() }
      throw error
    }
    // What was taken may be later than the stamp: then the next look takes once more what is there.
    inForce = (await stampOf()) === stamp ? stamp : undefined
  }

  const look = (): Promise<void> => {
    looking ??= takeChange()
      .catch(onFault)
      .finally(() => {
        looking = undefined
      })
    return looking
  }
  const timer = setInterval(() => void look(), LOOK_MS).unref()

  return {
    look,
    close: async () => {
      isClosed = true
      clearInterval(timer)
      await looking
    }
  }
}
