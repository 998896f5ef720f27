import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { Problem } from './problem.mjs'

/**
 * Runs one program in our place, in our terminal, and returns its exit code. Ctrl-C reaches it from the terminal, so
 * we only have to outlive it; a SIGTERM comes to us alone and is passed on.
 */
export function runInForeground(command, args, { cwd = process.cwd(), env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: 'inherit' })
    const ignore = () => {}
    const forward = (signal) => child.kill(signal)
    process.on('SIGINT', ignore)
    process.on('SIGTERM', forward)
    child.on('error', (error) => reject(new Problem(`${command} could not be started: ${error.message}`)))
    child.on('exit', (code, signal) => {
      process.off('SIGINT', ignore)
      process.off('SIGTERM', forward)
      resolve(code ?? 128 + (constants.signals[signal] ?? 1))
    })
  })
}
