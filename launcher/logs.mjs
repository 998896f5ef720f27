import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, renameSync } from 'node:fs'
import { join } from 'node:path'

const PINO_ERROR = 50
const FOLLOW_MS = 300

/** Opens `<name>.log` anew; the run before stays beside it as `<name>.previous.log`, so two runs are the bound. */
export function newLog(dir, name) {
  mkdirSync(dir, { recursive: true })
  const path = join(dir, `${name}.log`)
  if (existsSync(path)) renameSync(path, join(dir, `${name}.previous.log`))
  closeSync(openSync(path, 'a', 0o600))
  return path
}

/** A log line for people: pino's JSON shortened to its message and its error, anything else as it is. */
export function readable(line) {
  const entry = parse(line)
  if (entry === null) return line
  const { msg = '', err } = entry
  const cause = err?.message && err.message !== msg ? err.message : ''
  return [msg, cause].filter(Boolean).join(': ') || line
}

export function isError(line) {
  const level = parse(line)?.level
  return typeof level === 'number' ? level >= PINO_ERROR : level === 'error' || level === 'fatal'
}

export function lastLines(path, count = 15) {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').slice(-count).map(readable)
  } catch {
    return []
  }
}

/**
 * Hands every new error line of a log to `show`. The processes write their logs themselves, so that neither a slow
 * terminal nor our end can hold them up; this only reads along. Returns the function that ends it after a last look.
 */
export function followErrors(path, show) {
  const fd = openSync(path, 'r')
  let position = fstatSync(fd).size
  let rest = ''
  const look = () => {
    const size = fstatSync(fd).size
    if (size <= position) return
    const chunk = Buffer.alloc(size - position)
    position += readSync(fd, chunk, 0, chunk.length, position)
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (isError(line)) show(readable(line))
  }
  const timer = setInterval(look, FOLLOW_MS).unref()
  return () => {
    clearInterval(timer)
    look()
    closeSync(fd)
  }
}

function parse(line) {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
