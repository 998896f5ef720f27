import type { Redis } from 'ioredis'
import { compareExposure, type ExposureComparison, type ExposureVerdict } from '../decisions/exposure-comparison.ts'
import { type ExposureAct, foldExposure } from '../decisions/exposure-fold.ts'
import { type Repair, repairExposure } from '../decisions/exposure-repair.ts'
import { type Exposure, parseExposure } from '../domain/exposure.ts'
import { exposureChangeOf, paidOutDecision } from '../domain/exposure-change.ts'
import { type Keys, PARTITIONS } from '../redis/keys.ts'
import { parseLoanEvent } from '../redis/loan-functions.ts'
import { createLogStreams } from '../redis/log-entries.ts'
import { type Applicant, createPartitionActs, type PartitionActs } from './exposure-acts.ts'

/** unknown: something did not fit, so that nothing is offered · unreadable: what is stored is no exposure */
export type Checked = ExposureVerdict | 'unknown' | 'unreadable'
export const CHECKED: readonly Checked[] = ['same', 'less', 'more', 'other', 'unknown', 'unreadable']

/** overtaken: it changed at every attempt · tooLarge: it does not fit · written, removed: it is right now */
export type Repaired = 'written' | 'removed' | 'overtaken' | 'tooLarge'

export interface CheckedExposure {
  readonly tenant: string
  readonly applicant: string
  readonly verdict: Checked
  readonly owed: ExposureComparison['owed']
  readonly entries: readonly string[]
  /** By all that is known. */
  readonly folded: Exposure
  readonly stored: string | null
  readonly repaired?: Repaired | undefined
}

export interface CheckDeps {
  readonly redis: Redis
  readonly keys: Keys
  readonly pace: (steps: number) => Promise<void>
  readonly nowMs: () => number
  /** Puts what was folded in the place of what differs. */
  readonly isRepair: boolean
  readonly onChecked: (checked: CheckedExposure) => Promise<void>
  readonly onPartition: (partition: number) => void
}

export interface CheckSummary {
  readonly applicants: number
  readonly outcomes: Readonly<Record<Checked, number>>
  readonly events: number
  readonly decisions: number
  readonly unreadableDecisions: number
  /** Whether the log has everything that was ever written to it. */
  readonly isLogWhole: boolean
  /** Of what differs, how many are right now. */
  readonly repaired: number
}

const SCAN_KEYS = 500
const APPLICANTS = 64
/** Of a repair, while others write to the same partition. */
const MAX_TRIES = 20
/** A gateway’s clock may be behind that of this process. */
const CLOCKS_MS = 600_000

/**
 * Compares what each applicant owes as Redis keeps it with what log and decisions say, while the service serves: what is stored
 * is read together with the ends of log and ledger, and just as much of them is folded.
 */
export async function checkExposures(deps: CheckDeps): Promise<CheckSummary> {
  const { redis, keys, pace, nowMs, onPartition } = deps
  const streams = createLogStreams(redis)
  const listedAtMs = nowMs() - CLOCKS_MS
  const stored = await listKeys(deps, keys.exposurePattern())
  const decisions = await listKeys(deps, keys.decisionsPattern())
  const tenants = [...new Set([...stored, ...decisions].flat().map(([tenant]) => tenant))]
  const outcomes = Object.fromEntries(CHECKED.map((each) => [each, 0])) as Record<Checked, number>
  const sums = { applicants: 0, events: 0, decisions: 0, unreadableDecisions: 0, isLogWhole: true, repaired: 0 }
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const tenantOf = new Map(decisions[partition]?.map(([tenant, decisionId]) => [decisionId, tenant]))
    const acts = createPartitionActs({ redis, streams, keys, partition, tenantOf, tenants, listedAtMs, pace })
    await acts.readUpTo('+', '+')
    const { isWhole } = await streams.size(keys.log(partition))
    sums.isLogWhole &&= isWhole
    const known = stored[partition]?.map(([tenant, token]) => `${tenant} ${token}`) ?? []
    const applicants = [...new Set([...acts.applicants(), ...known])]
    for (let start = 0; start < applicants.length; start += APPLICANTS) {
      for (const checked of await checkSome(deps, acts, partition, applicants.slice(start, start + APPLICANTS))) {
        sums.applicants++
        outcomes[checked.verdict]++
        if (checked.verdict === 'same') continue
        const repaired = deps.isRepair ? await repair(deps, acts, partition, checked, isWhole) : undefined
        if (repaired === 'written' || repaired === 'removed') sums.repaired++
        await deps.onChecked({ ...checked, repaired })
      }
    }
    const { events, decisions: read, unreadable } = acts.counts()
    sums.events += events
    sums.decisions += read
    sums.unreadableDecisions += unreadable
    onPartition(partition + 1)
  }
  return { ...sums, outcomes }
}

/** Of keys that end with a partner and an id both of them, by partition. */
async function listKeys({ redis, keys, pace }: CheckDeps, pattern: string): Promise<[tenant: string, id: string][][]> {
  const found = Array.from({ length: PARTITIONS }, (): [string, string][] => [])
  const partitionAt = keys.log(0).indexOf('{p') + 2
  let cursor = '0'
  do {
    const [next, names] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_KEYS)
    cursor = next
    for (const name of names) {
      const [tenant = '', id = ''] = name.split(':').slice(-2)
      found[Number(name.slice(partitionAt, partitionAt + 2))]?.push([tenant, id])
    }
    await pace(SCAN_KEYS / 10)
  } while (cursor !== '0')
  return found
}

async function checkSome(
  deps: CheckDeps,
  acts: PartitionActs,
  partition: number,
  applicants: readonly Applicant[]
): Promise<CheckedExposure[]> {
  const { redis, keys, pace, nowMs } = deps
  const replies = await redis
    .multi()
    .mget(...applicants.map((applicant) => exposureKey(keys, partition, applicant)))
    .xrevrange(keys.log(partition), '+', '-', 'COUNT', 1)
    .xrevrange(keys.ledger(partition), '+', '-', 'COUNT', 1)
    .exec()
  const [values, log, ledger] = (replies ?? []).map(([error, reply]) => {
    if (error !== null) throw error
    return reply
  }) as [(string | null)[], [string][], [string][]]
  await acts.readUpTo(log[0]?.[0] ?? '0-0', ledger[0]?.[0] ?? '0-0')
  await pace(applicants.length)
  const checked: CheckedExposure[] = []
  for (const [at, applicant] of applicants.entries())
    checked.push(await checkOne(deps, acts, partition, applicant, values[at] ?? null, nowMs()))
  return checked
}

async function checkOne(
  deps: CheckDeps,
  acts: PartitionActs,
  partition: number,
  applicant: Applicant,
  stored: string | null,
  nowMs: number
): Promise<CheckedExposure> {
  const [tenant = '', token = ''] = applicant.split(' ')
  const whose = { tenant, applicant: token, stored }
  const exposure = stored === null ? {} : parseExposure(stored)
  const compare = (folded: Exposure): CheckedExposure =>
    exposure === undefined || exposure.f !== undefined
      ? { ...whose, verdict: exposure === undefined ? 'unreadable' : 'unknown', owed: {}, entries: [], folded }
      : { ...whose, ...compareExposure(exposure, folded, nowMs), folded }
  const first = compare(foldExposure(acts.of(applicant)))
  if (first.verdict === 'same') return first
  const tied = compare(foldExposure(acts.of(applicant, true)))
  if (tied.verdict === 'same') return tied
  // The log is trimmed and people are erased from it; the loan book keeps what made their loans.
  const known = acts.of(applicant)
  const untold = await untoldLoanActs(deps, partition, whose, known)
  return compare(foldExposure([...known, ...untold].toSorted((one, other) => one.atMs - other.atMs)))
}

/**
 * Writes what was folded, if neither it nor log nor ledger have changed since they were read; else looks again. What did not fit
 * stays unknown where the log is not whole.
 */
async function repair(
  deps: CheckDeps,
  acts: PartitionActs,
  partition: number,
  { tenant, applicant, verdict }: CheckedExposure,
  isLogWhole: boolean
): Promise<Repaired | undefined> {
  const { redis, keys, nowMs } = deps
  if (verdict === 'unknown' && !isLogWhole) return undefined
  const key = keys.exposure(partition, tenant, applicant)
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    await redis.watch(key, keys.log(partition), keys.ledger(partition))
    const stored = await redis.get(key)
    await acts.readUpTo('+', '+')
    const now = nowMs()
    const checked = await checkOne(deps, acts, partition, `${tenant} ${applicant}`, stored, now)
    const exposure = stored === null ? undefined : parseExposure(stored)
    const next = repairExposure({ stored: exposure, folded: checked.folded, isLogWhole, nowMs: now })
    if (next.kind === 'tooLarge') {
      await redis.unwatch()
      return 'tooLarge'
    }
    if (checked.verdict === 'same') {
      await redis.unwatch()
      return 'written'
    }
    if (await write(redis, key, next)) return next.kind === 'remove' ? 'removed' : 'written'
  }
  return 'overtaken'
}

/** False when something that is watched has changed. */
async function write(redis: Redis, key: string, next: Exclude<Repair, { kind: 'tooLarge' }>): Promise<boolean> {
  const multi = redis.multi()
  if (next.kind === 'remove') multi.del(key)
  else if (next.keepMs === undefined) multi.set(key, next.json)
  else multi.set(key, next.json, 'PX', next.keepMs)
  return (await multi.exec()) !== null
}

/** What the loan book has of an applicant and the log has no longer; a payout stands behind the decision that it names. */
async function untoldLoanActs(
  { redis, keys, pace }: CheckDeps,
  partition: number,
  { tenant, applicant }: { readonly tenant: string; readonly applicant: string },
  known: readonly ExposureAct[]
): Promise<ExposureAct[]> {
  const told = new Set(known.flatMap((act) => (act.kind === 'event' ? [act.eventId] : [])))
  const madeAtMs = new Map(known.map((act) => [act.kind === 'decision' ? act.decision.decisionId : '', act.atMs]))
  const loanIds = await redis.smembers(keys.applicantLoans(partition, tenant, applicant))
  const acts: ExposureAct[] = []
  for (const loanId of loanIds.toSorted()) {
    for (const text of await redis.smembers(keys.loan(partition, tenant, loanId))) {
      const event = parseLoanEvent(text)
      const change = exposureChangeOf({ ...event, tenant, refs: { applicant } })
      const paidOut = event.type === 'loan.disbursed' ? paidOutDecision(event.data) : undefined
      const atMs = Math.max(event.occurredAtMs, madeAtMs.get(paidOut ?? '-') ?? 0)
      if (change !== '' && !told.has(event.eventId)) acts.push({ kind: 'event', atMs, eventId: event.eventId, change })
    }
    await pace(1)
  }
  return acts
}

function exposureKey(keys: Keys, partition: number, applicant: Applicant): string {
  const [tenant = '', token = ''] = applicant.split(' ')
  return keys.exposure(partition, tenant, token)
}
