import { describe, expect, test, vi } from 'vitest'
import { createLog } from '../src/log.ts'
import { type Closer, closeInReverse } from '../src/shutdown.ts'

function closersOf(order: string[], behaviour: Record<string, () => Promise<unknown> | unknown>): Closer[] {
  return Object.entries(behaviour).map(([name, close]) => ({
    name,
    close: () => {
      order.push(name)
      return close()
    }
  }))
}

function logTo(lines: string[]) {
  return createLog('test', 'info', { write: (line: string) => void lines.push(line) })
}

describe('closing', () => {
  test('goes in the reverse order, each step after the one before has finished', async () => {
    const order: string[] = []
    const step = (name: string) => async () => {
      await new Promise(setImmediate)
      order.push(`${name} done`)
    }
    const closers = closersOf(order, { redis: step('redis'), http: step('http'), timer: () => {} })
    expect(await closeInReverse(closers, 5000, logTo([]))).toBe(true)
    expect(order).toEqual(['timer', 'http', 'http done', 'redis', 'redis done'])
  })

  test('goes on after a step that fails, says which in the log, and was not clean', async () => {
    const [order, lines]: [string[], string[]] = [[], []]
    const fails = () => {
      throw new Error('CANARY in a message')
    }
    const rejects = async () => fails()
    const closers = closersOf(order, { first: () => {}, second: fails, third: rejects, fourth: () => {} })
    expect(await closeInReverse(closers, 5000, logTo(lines))).toBe(false)
    expect(order).toEqual(['fourth', 'third', 'second', 'first'])
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain('third')
    expect(lines.join()).not.toContain('CANARY')
  })

  test('ends at the deadline although a step hangs, and was not clean', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      let ended: boolean | undefined
      const closers = closersOf([], { redis: () => {}, http: () => new Promise(() => {}) })
      const closing = closeInReverse(closers, 8000, logTo([])).then((clean) => {
        ended = clean
      })
      await vi.advanceTimersByTimeAsync(7999)
      expect(ended).toBeUndefined()
      await vi.advanceTimersByTimeAsync(1)
      await closing
      expect(ended).toBe(false)
    } finally {
      vi.useRealTimers()
    }
  })

  test('closes nothing twice and needs nothing to close', async () => {
    expect(await closeInReverse([], 1000, logTo([]))).toBe(true)
  })
})
