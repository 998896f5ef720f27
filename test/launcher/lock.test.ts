import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isAlive, lockHolder, tryLock, withLock } from '../../launcher/lock.mjs'

let dir: string
let path: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'assay-lock-'))
  path = join(dir, 'sub', 'a.lock')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

test('a lock is held by one at a time and names its holder', () => {
  const release = tryLock(path)
  expect(lockHolder(path)).toBe(process.pid)
  expect(tryLock(path)).toBeNull()
  release?.()
  expect(lockHolder(path)).toBeNull()
  expect(tryLock(path)).not.toBeNull()
})

test('the lock of a process that is gone, or of an earlier one with the same number, is free', async () => {
  tryLock(path)?.()
  for (const mark of [`${2 ** 22 + 1} 1`, `${process.pid} 1`, '']) {
    await writeFile(path, mark)
    expect(lockHolder(path)).toBeNull()
    const release = tryLock(path)
    expect(release).not.toBeNull()
    release?.()
  }
})

test('work under the same lock never overlaps, and a failure frees it', async () => {
  const steps: string[] = []
  const work = (name: string) => async () => {
    steps.push(`${name} begins`)
    await new Promise((resolve) => setImmediate(resolve))
    steps.push(`${name} ends`)
    if (name === 'a') throw new Error('a failed')
  }
  const outcomes = await Promise.allSettled([withLock(path, work('a')), withLock(path, work('b'))])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
})

test('a process is alive until it ends', () => {
  expect(isAlive(process.pid)).toBe(true)
  expect(isAlive(2 ** 22 + 1)).toBe(false)
})
