export interface Progress {
  /** What goes on now; replaces what it said before. */
  tick(text: string): void
  /** Stays. */
  note(line: string): void
  done(): void
}

interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/**
 * One line on a terminal that is rewritten as the run goes on. Elsewhere only notes are written: a log of a thousand
 * half seconds helps nobody.
 */
export function createProgress(output: Output): Progress {
  const isTerminal = output.isTTY === true
  const erase = (): void => {
    if (isTerminal) output.write('\r\x1b[K')
  }
  const startedAtMs = performance.now()
  return {
    tick: (text) => {
      if (!isTerminal) return
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0).padStart(3)
      erase()
      output.write(`${seconds} s  ${text}`.slice(0, (output.columns ?? 80) - 1))
    },
    note: (line) => {
      erase()
      output.write(`${line}\n`)
    },
    done: erase
  }
}
