import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { EventType } from '../domain/event.ts'
import { parseLogEvent } from '../features/event-json.ts'
import { walkBorrowers } from '../loans/redis-borrowers.ts'
import { type Keys, PARTITIONS } from '../redis/keys.ts'
import { createLogStreams, eventJsonOf } from '../redis/log-entries.ts'
import type { Person, ScanPerson } from './scan.ts'

/** People looked at together: their rows are one batch of the pool. */
const TOGETHER = 32
/** After more than a few people of one read of the log: an import tells of everybody at once, and decisions come first. */
const FEW = 8
const REST_A_PERSON_MS = 0.5
const READ_COUNT = 200
/** Of one partition in one run: the rest waits for the next minute. */
const MAX_READS = 50

/** Events that a rule or model may see something in at once; the others wait for the hourly look. */
const TRIGGERS: ReadonlySet<EventType> = new Set([
  'loan.disbursed',
  'loan.closed',
  'loan.written_off',
  'repayment.received',
  'repayment.failed',
  'repayment.returned',
  'collection.contacted',
  'bill.status',
  'bureau.received',
  'limit.used',
  'limit.changed',
  'profile.changed',
  'account.transaction'
])

/** Looks at everybody with a loan, a few at a time. Running it again is harmless. Whoever cannot be looked at keeps nobody else from it. */
export function createSweep(redis: Redis, keys: Keys, scan: ScanPerson, withModels: boolean) {
  return async (): Promise<'done'> => {
    const faults: unknown[] = []
    for await (const people of walkBorrowers(redis, keys)) faults.push(...(await scanAll(scan, people, withModels)))
    throwFirst(faults)
    return 'done'
  }
}

/**
 * Looks at those to whom something happened since the last time. How far the log was read is noted after they were looked at: a
 * crash in between looks again, and so does a fault, in its partition alone. The first time it begins at the end of the log;
 * whoever is missed because the log was trimmed, is found by the hourly look.
 */
export function createScanNew(redis: Redis, keys: Keys, scan: ScanPerson) {
  const streams = createLogStreams(redis)

  const scanLog = async (partition: number): Promise<unknown[]> => {
    const known = await redis.hget(keys.warningPositions(), String(partition))
    let after = known ?? (await endOf(redis, keys.log(partition)))
    for (let reads = 0; reads < MAX_READS; reads++) {
      const entries = await streams.read({ stream: keys.log(partition), after, count: READ_COUNT })
      const people = peopleOf(entries)
      const failed = await scanAll(scan, people, true)
      if (people.length > FEW) await sleep(people.length * REST_A_PERSON_MS)
      if (failed.length > 0) return failed
      after = entries.at(-1)?.id ?? after
      await redis.hset(keys.warningPositions(), String(partition), after)
      if (entries.length < READ_COUNT) break
    }
    return []
  }

  return async (): Promise<'done'> => {
    const faults: unknown[] = []
    for (let partition = 0; partition < PARTITIONS; partition++)
      faults.push(...(await scanLog(partition).catch((error: unknown) => [error])))
    throwFirst(faults)
    return 'done'
  }
}

/** To whom something happened that is looked at, each once. */
function peopleOf(entries: Parameters<typeof eventJsonOf>[0][]): Person[] {
  const people = new Map<string, Person>()
  for (const entry of entries) {
    const json = eventJsonOf(entry)
    const event = json === undefined ? undefined : parseLogEvent(json)
    if (event === undefined || !TRIGGERS.has(event.type)) continue
    const { tenant, refs } = event
    people.set(`${tenant} ${refs.applicant}`, { tenant, applicantToken: refs.applicant })
  }
  return [...people.values()]
}

async function endOf(redis: Redis, stream: string): Promise<string> {
  const [newest] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1)
  return newest?.[0] ?? '0-0'
}

/** @returns what kept a person from being looked at */
async function scanAll(scan: ScanPerson, people: readonly Person[], withModels: boolean): Promise<unknown[]> {
  const faults: unknown[] = []
  for (let start = 0; start < people.length; start += TOGETHER) {
    const together = people.slice(start, start + TOGETHER).map((person) => scan(person, withModels))
    for (const settled of await Promise.allSettled(together))
      if (settled.status === 'rejected') faults.push(settled.reason)
  }
  return faults
}

/** The job fails and is tried again, once all others were looked at. */
function throwFirst(faults: readonly unknown[]): void {
  if (faults.length > 0) throw faults[0]
}
