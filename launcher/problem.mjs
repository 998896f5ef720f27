/** A failure with a known cause: its message is all the user sees, never a stack trace. */
export class Problem extends Error {
  constructor(message, { exitCode = 1, ...options } = {}) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** Progress and trouble go to stderr, so that stdout stays what the command itself prints. */
export function say(message) {
  process.stderr.write(`${message}\n`)
}
