export interface RefusalPacerOptions {
  /** Refusals a second that are answered at once; the next ones are held. */
  readonly atOncePerSecond: number
  readonly holdMs: number
  /** Refusals held at most; beyond it they are answered at once again. */
  readonly maxHeld: number
  readonly monotonicMs: () => number
}

export interface RefusalPacer {
  /** Sends now, or a little later, but never after `latestAtMs` of the clock. */
  readonly send: (answer: () => void, latestAtMs?: number) => void
  /** Sends what is held, for the end of the process. */
  readonly flush: () => void
}

/** How often held refusals are looked at: they leave in clumps of one turn. */
const LOOK_MS = 10

/**
 * Slows down who asks again at once. A refusal costs the event loop a fifth of a decision, so that callers who answer each
 * with another request would take all of it (docs/overload.md has the arithmetic). A caller has only so many connections:
 * while a refusal is held, it asks for nothing.
 */
export function createRefusalPacer(options: RefusalPacerOptions): RefusalPacer {
  const { atOncePerSecond, holdMs, maxHeld, monotonicMs } = options
  const burst = Math.max(1, atOncePerSecond * (LOOK_MS / 1000))
  const held: { readonly answer: () => void; readonly untilMs: number }[] = []
  let [tokens, filledAtMs, first] = [burst, monotonicMs(), 0]
  let timer: NodeJS.Timeout | undefined

  const takeToken = (): boolean => {
    const nowMs = monotonicMs()
    tokens = Math.min(burst, tokens + ((nowMs - filledAtMs) * atOncePerSecond) / 1000)
    filledAtMs = nowMs
    if (tokens < 1) return false
    tokens--
    return true
  }

  const sendUntil = (untilMs: number): void => {
    while (first < held.length && (held[first] as (typeof held)[number]).untilMs <= untilMs) held[first++]?.answer()
    if (first === held.length) {
      held.length = 0
      first = 0
      clearInterval(timer)
      timer = undefined
    } else if (first > maxHeld) {
      held.splice(0, first)
      first = 0
    }
  }

  return {
    send: (answer, latestAtMs = Number.POSITIVE_INFINITY) => {
      const untilMs = monotonicMs() + holdMs
      if (takeToken() || held.length - first >= maxHeld || untilMs + 2 * LOOK_MS > latestAtMs) return answer()
      held.push({ answer, untilMs })
      timer ??= setInterval(() => sendUntil(monotonicMs()), LOOK_MS)
    },
    flush: () => sendUntil(Number.POSITIVE_INFINITY)
  }
}
