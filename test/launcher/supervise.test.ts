import { expect, test } from 'vitest'
import { supervise } from '../../launcher/supervise.mjs'

/** A stand-in for processes: each start makes one that ends when told to. */
function fakeProcesses() {
  const started: { end: (code: number) => void; killed: boolean }[] = []
  const waiting: (() => void)[] = []
  const start = () => {
    const { promise: exited, resolve } = Promise.withResolvers<{ code: number; signal: null }>()
    const process = { killed: false, end: (code: number) => resolve({ code, signal: null }) }
    started.push(process)
    waiting.shift()?.()
    const stop = async () => process.end(0)
    const kill = () => {
      process.killed = true
      process.end(137)
    }
    return { pid: started.length, exited, stop, kill }
  }
  const nextStart = () => new Promise<void>((resolve) => waiting.push(resolve))
  return { started, start, nextStart }
}

function supervised(start: () => unknown, onGiveUp: (reason: string) => void = () => {}, perMinute = 5) {
  const heard: string[] = []
  const report = (line: string) => heard.push(line)
  return supervise({
    name: 'ingest',
    start,
    report,
    onGiveUp,
    restarts: { firstPauseMs: 1, longestPauseMs: 4, perMinute }
  }).then((it) => ({ it, heard }))
}

test('a process that ends unasked is started again', async () => {
  const fake = fakeProcesses()
  const { it, heard } = await supervised(fake.start)
  it.trust()
  const again = fake.nextStart()
  fake.started[0]!.end(1)
  await again
  await expect.poll(() => heard).toEqual(['ingest exited with code 1', 'ingest runs again (process 2)'])
  await it.stop()
  expect(fake.started).toHaveLength(2)
})

test('the sixth end within a minute is the last', async () => {
  const fake = fakeProcesses()
  const { promise: gaveUp, resolve } = Promise.withResolvers<string>()
  const { it } = await supervised(fake.start, resolve)
  it.trust()
  for (let turn = 0; turn < 5; turn++) {
    const again = fake.nextStart()
    fake.started[turn]!.end(1)
    await again
  }
  fake.started[5]!.end(1)
  expect(await gaveUp).toBe('ingest ended 6 times within a minute')
  expect(fake.started).toHaveLength(6)
})

test('who ends processes on purpose may lift the limit', async () => {
  const fake = fakeProcesses()
  const gaveUp: string[] = []
  const { it } = await supervised(fake.start, (reason) => gaveUp.push(reason), Number.POSITIVE_INFINITY)
  it.trust()
  for (let turn = 0; turn < 12; turn++) {
    const again = fake.nextStart()
    fake.started[turn]!.end(1)
    await again
  }
  expect(gaveUp).toEqual([])
  await it.stop()
})

test('an end before the process was ever ready is told and not repaired', async () => {
  const fake = fakeProcesses()
  const { it } = await supervised(fake.start)
  fake.started[0]!.end(3)
  expect(await it.early).toEqual({ code: 3, signal: null })
  expect(fake.started).toHaveLength(1)
})

test('a process that is stopped is not started again', async () => {
  const fake = fakeProcesses()
  const { it, heard } = await supervised(fake.start)
  it.trust()
  await it.stop()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(fake.started).toHaveLength(1)
  expect(heard).toEqual([])
})
