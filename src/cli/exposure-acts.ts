import type { Redis } from 'ioredis'
import { type ExposureAct, heldDecisionOf } from '../decisions/exposure-fold.ts'
import { readStoredDecision } from '../decisions/record.ts'
import { exposureChangeOf } from '../domain/exposure-change.ts'
import { parseLogEvent } from '../features/event-json.ts'
import type { Keys } from '../redis/keys.ts'
import { eventJsonOf, type LogEntry, type LogStreams, STREAM_START } from '../redis/log-entries.ts'

/** Redis is busy for about a tenth of a millisecond for so many entries, and for so many decisions. */
const BATCH = 200
const DECISIONS = 32

/** Whose exposure: `tenant token`. */
export type Applicant = string

export interface ReadActsOptions {
  readonly redis: Redis
  readonly streams: LogStreams
  readonly keys: Keys
  readonly partition: number
  /** By decision id whose it is, of those that were there when the keys were listed. */
  readonly tenantOf: ReadonlyMap<string, string>
  /** Partners that a decision made since then may be of. */
  readonly tenants: readonly string[]
  /** Decisions from here on may have been made since. */
  readonly listedAtMs: number
  /** Waits so that no more than a rate of entries and decisions is read. */
  readonly pace: (steps: number) => Promise<void>
}

export interface PartitionActs {
  /** Reads what is new, up to these ids of log and ledger. */
  readonly readUpTo: (logId: string, ledgerId: string) => Promise<void>
  readonly applicants: () => Iterable<Applicant>
  /** In the order in which Redis took them; of one millisecond, decisions first unless told otherwise. */
  readonly of: (applicant: Applicant, eventsFirst?: boolean) => readonly ExposureAct[]
  readonly counts: () => { readonly events: number; readonly decisions: number; readonly unreadable: number }
}

/** All that changed what the applicants of a partition owe: from its log, and from the decisions of its ledger. */
export function createPartitionActs(options: ReadActsOptions): PartitionActs {
  const { redis, streams, keys, partition, tenantOf, tenants, listedAtMs, pace } = options
  const acts = new Map<Applicant, ExposureAct[]>()
  const counts = { events: 0, decisions: 0, unreadable: 0 }
  let [logAt, ledgerAt] = [STREAM_START, STREAM_START]

  const add = (applicant: Applicant, act: ExposureAct) => {
    const known = acts.get(applicant)
    if (known === undefined) acts.set(applicant, [act])
    else known.push(act)
  }

  const addEvent = (entry: LogEntry) => {
    const json = eventJsonOf(entry)
    const event = json === undefined ? undefined : parseLogEvent(json)
    const change = event === undefined ? '' : exposureChangeOf(event)
    if (event === undefined || change === '') return
    counts.events++
    const { tenant, refs, eventId } = event
    add(`${tenant} ${refs.applicant}`, { kind: 'event', atMs: msOf(entry.id), eventId, change })
  }

  const addDecisions = async (entries: readonly LogEntry[]) => {
    const asked = entries.flatMap(({ id, fields }) => {
      const decisionId = fields[fields.indexOf('i') + 1] ?? ''
      const tenant = tenantOf.get(decisionId)
      const mayBeNew = tenant === undefined && madeAtMs(decisionId) >= listedAtMs
      const among = tenant === undefined ? (mayBeNew ? tenants : []) : [tenant]
      return among.map((each) => ({ atMs: msOf(id), key: keys.decision(partition, each, decisionId) }))
    })
    for (let start = 0; start < asked.length; start += DECISIONS) {
      const part = asked.slice(start, start + DECISIONS)
      const values = await redis.mget(...part.map(({ key }) => key))
      values.forEach((value, at) => {
        if (value !== null) addDecision(value, part[at]?.atMs ?? 0)
      })
      await pace(part.length)
    }
  }

  const addDecision = (value: string, atMs: number) => {
    const end = value.indexOf('\n')
    const read = readStoredDecision({ answer: value.slice(0, end), record: value.slice(end + 1) })
    counts.decisions++
    if (!read.ok) {
      counts.unreadable++
      return
    }
    const { application } = read.value.record
    const decision = heldDecisionOf(read.value.decision)
    if (decision !== undefined)
      add(`${application.tenant} ${application.refs.applicant}`, { kind: 'decision', atMs, decision })
  }

  const read = async (stream: string, after: string, upTo: string, take: (entries: LogEntry[]) => unknown) => {
    let at = after
    for (;;) {
      const entries = await streams.read({ stream, after: at, upTo, count: BATCH })
      await take(entries)
      at = entries.at(-1)?.id ?? at
      await pace(entries.length)
      if (entries.length < BATCH) return at
    }
  }

  return {
    readUpTo: async (logId, ledgerId) => {
      logAt = await read(keys.log(partition), logAt, logId, (entries) => entries.forEach(addEvent))
      ledgerAt = await read(keys.ledger(partition), ledgerAt, ledgerId, addDecisions)
    },
    applicants: () => acts.keys(),
    of: (applicant, eventsFirst = false) => {
      const first = eventsFirst ? 'event' : 'decision'
      return (acts.get(applicant) ?? []).toSorted(
        (one, other) => one.atMs - other.atMs || Number(other.kind === first) - Number(one.kind === first)
      )
    },
    counts: () => counts
  }
}

/** Of the id of a stream’s entry. */
function msOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')))
}

/** Of a decision’s id. */
function madeAtMs(decisionId: string): number {
  return Number.parseInt(decisionId.slice(0, 8) + decisionId.slice(9, 13), 16)
}
