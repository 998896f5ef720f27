import type { Logger } from './log.ts'
import { faultFields } from './log.ts'

export interface Closer {
  readonly name: string
  readonly close: () => Promise<unknown> | unknown
}

/**
 * Closes what was opened, in reverse order, each step awaited, all of it by a deadline. A hung step costs the rest its
 * order but not the exit: Fastify’s own close waits for a hung handler without end.
 *
 * @returns whether everything closed in time and without a fault
 */
export async function closeInReverse(closers: readonly Closer[], deadlineMs: number, log: Logger): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(resolve, deadlineMs, false)
  const inTime = await Promise.race([closeAll(closers, log), late])
  clearTimeout(timer)
  return inTime
}

async function closeAll(closers: readonly Closer[], log: Logger): Promise<boolean> {
  let clean = true
  for (const { name, close } of [...closers].reverse()) {
    try {
      await close()
    } catch (error) {
      clean = false
      log.error({ ...faultFields(error), count: closers.length }, `closing ${name} failed`)
    }
  }
  return clean
}

export interface ProcessHooks {
  readonly closers: readonly Closer[]
  readonly deadlineMs: number
  readonly log: Logger
}

/**
 * Ends the process on SIGTERM, on SIGINT, when its launcher goes away, and on a fault nobody caught: exit code 0 after a
 * clean signal, 1 otherwise. A crash is allowed, carrying on in an unknown state is not.
 *
 * @returns whether the end has begun: from then on the process is not ready
 */
export function endOnSignals({ closers, deadlineMs, log }: ProcessHooks): { readonly isEnding: () => boolean } {
  let ending = false
  const end = async (why: string, code: number): Promise<void> => {
    if (ending) return
    ending = true
    log.info({ signal: why }, 'shutting down')
    const clean = await closeInReverse(closers, deadlineMs, log)
    if (!clean) log.error({ signal: why }, 'not everything closed in time')
    process.exit(clean ? code : 1)
  }
  process.on('SIGTERM', () => void end('SIGTERM', 0))
  process.on('SIGINT', () => void end('SIGINT', 0))
  process.on('disconnect', () => void end('launcher gone', 0))
  process.on('uncaughtException', (error) => {
    log.fatal(faultFields(error), 'uncaught exception')
    void end('uncaughtException', 1)
  })
  return { isEnding: () => ending }
}
