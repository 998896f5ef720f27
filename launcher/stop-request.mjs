const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
// One Ctrl-C under npm arrives twice, from the terminal and from npm; a person needs longer to press it again.
const SAME_PRESS_MS = 1000
const PARENT_CHECK_MS = 1000

/**
 * Resolves `asked` when this launcher should stop: with null when a person wants it, with the reason when a process
 * cannot be kept up. A second Ctrl-C ends the launcher at once.
 */
export function stopRequest({ env }) {
  let ask
  const asked = new Promise((resolve) => {
    ask = resolve
  })
  let firstAt = null
  const onSignal = () => {
    if (firstAt === null) {
      firstAt = Date.now()
      ask(null)
    } else if (Date.now() - firstAt > SAME_PRESS_MS) process.exit(130)
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)

  // npm passes signals on, but not when it is killed itself; whoever started the service through it means all of it.
  const parent = process.ppid
  const timer = setInterval(() => {
    if (env.npm_lifecycle_event && process.ppid !== parent) ask(null)
  }, PARENT_CHECK_MS)

  return {
    asked,
    giveUp: (reason) => ask(reason),
    close() {
      clearInterval(timer)
      for (const signal of SIGNALS) process.off(signal, onSignal)
    }
  }
}
