import { readdirSync, readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { type CallArgument, callFunction, encodeCall, sendEncoded } from './encoded-call.ts'
import type { LoanNote } from './loan-functions.ts'

const LUA_FOLDER = new URL('./lua/', import.meta.url)

/** The library as one source: its files in order of their names. */
export function librarySource(): string {
  const files = readdirSync(LUA_FOLDER)
    .filter((file) => file.endsWith('.lua'))
    .sort()
  return files.map((file) => readFileSync(new URL(file, LUA_FOLDER), 'utf8')).join('\n')
}

export function versionOf(source: string): number {
  const version = /^-- version (\d+)$/m.exec(source)?.[1]
  if (version === undefined) throw new Error('the function library has no “-- version N” line')
  return Number(version)
}

/** Loads the library unless this version or a newer one is there: during a rolling deploy the newest wins. */
export async function loadFunctions(redis: Redis, source = librarySource()): Promise<void> {
  const installed = (await redis.call('FUNCTION', 'LIST', 'LIBRARYNAME', 'assay', 'WITHCODE')) as unknown
  const code = /-- version \d+/.exec(JSON.stringify(installed))?.[0]
  if (code !== undefined && versionOf(code) >= versionOf(source)) return
  await redis.call('FUNCTION', 'LOAD', 'REPLACE', source)
}

const text = (reply: unknown): string => String(reply)

/** When an entity is due for folding, and from when it takes no more. */
export interface EntityLimits {
  readonly dueBytes: number
  readonly maxBytes: number
}

/** One event for assay_append: its keys, itself as JSON and packed. */
export interface AppendCall {
  readonly log: string
  readonly due: string
  readonly entities: readonly string[]
  readonly atMs: number
  readonly event: CallArgument
  readonly record: Buffer
  /** What the applicant owes or was offered. */
  readonly exposure: string
  /** What the event changes of it; empty for nothing. */
  readonly change: string
  /** What the loan book notes of it; undefined for an event of no loan. */
  readonly loan?: LoanNote | undefined
}

export interface BeginCall extends AppendCall {
  readonly application: string
  readonly idempotency: string | undefined
  readonly fingerprint: string
  readonly decisionId: string
  /** How the applicant stands by reviews and warnings. */
  readonly standing: string
}

export type BeginReply =
  | {
      readonly kind: 'claimed'
      readonly values: readonly Buffer[]
      readonly exposure: Buffer | null
      readonly standing: Buffer | null
    }
  | { readonly kind: 'decided'; readonly decisionId: string }
  | { readonly kind: 'conflict'; readonly decisionId: string }
  | { readonly kind: 'keyConflict' | 'pending' | 'backlog' }

/**
 * assay_begin of lua/20-decisions.lua for the decisions of one turn, and an MGET of their entities, exposures and standings in
 * the same write: a commit looks at the exposure again.
 * `values` of a claimed one are its entities up to and with the record of this application, in key order.
 */
export async function begin(redis: Redis, calls: readonly BeginCall[], limits: EntityLimits & { leaseMs: number }) {
  const keys: string[] = []
  const entities: string[] = []
  const args: CallArgument[] = [limits.leaseMs, limits.dueBytes, limits.maxBytes]
  for (const { application, log, due, idempotency, fingerprint, decisionId, event, record, ...call } of calls) {
    const before = keys.length
    keys.push(application, log, due)
    if (idempotency !== undefined) keys.push(idempotency)
    keys.push(...call.entities)
    entities.push(...call.entities, call.exposure, call.standing)
    args.push(keys.length - before, call.entities.length, fingerprint + decisionId, event, record)
  }
  const [replies, values] = (await Promise.all([
    callFunction(redis, 'assay_begin', keys, args),
    sendEncoded(redis, 'mget', encodeCall(['MGET'], entities))
  ])) as [readonly BeginItems[], readonly (Buffer | null)[]]
  let next = 0
  return calls.map(({ entities: { length }, record }, index) => {
    const first = next
    next += length + 2
    return readBeginReply(replies[index] as BeginItems, values.slice(first, next), record)
  })
}

type BeginItems = readonly number[] | readonly [Buffer, Buffer?]

function readBeginReply(items: BeginItems, values: readonly (Buffer | null)[], record: Buffer): BeginReply {
  const [outcome, detail] = items
  if (typeof outcome === 'number') {
    const entities = values.slice(0, -2).map((value, index) => asClaimed(value, items[index] as number, record))
    return { kind: 'claimed', values: entities, exposure: values.at(-2) ?? null, standing: values.at(-1) ?? null }
  }
  switch (text(outcome)) {
    case 'DECIDED':
      return { kind: 'decided', decisionId: text(detail) }
    case 'CONFLICT':
      return { kind: 'conflict', decisionId: text(detail) }
    case 'KEY_CONFLICT':
      return { kind: 'keyConflict' }
    case 'BACKLOG':
      return { kind: 'backlog' }
    default:
      return { kind: 'pending' }
  }
}

/**
 * An entity up to the claim. Between the call and the read behind it another connection may slip in: what it appended is
 * cut off; if it folded or erased the entity, the length says nothing any more and what is there now is the truth.
 */
export function asClaimed(value: Buffer | null, length: number, record: Buffer): Buffer {
  if (value === null) return record
  if (value.length === length) return value
  const own = value.subarray(length - record.length, length)
  return own.equals(record) ? value.subarray(0, length) : value
}

/** What an application’s value says of a fingerprint: decided before, or in conflict; undefined for neither. */
export function readApplication(value: string | null, fingerprint: string): BeginReply | undefined {
  if (value === null) return undefined
  const decisionId = value.slice(65)
  if (value.slice(1, 65) !== fingerprint) return { kind: 'conflict', decisionId }
  return value.startsWith('D') ? { kind: 'decided', decisionId } : undefined
}

/** What a decision holds: in words, and the exposure when there is nothing else, with how long that is kept. */
export interface HoldCall {
  readonly words: string
  readonly alone: string
  readonly keepMs: number
}

export interface CommitCall {
  readonly application: string
  readonly idempotency: string | undefined
  readonly decision: string
  readonly ledger: string
  readonly outbox: string
  readonly fingerprint: string
  readonly decisionId: string
  readonly value: Buffer
  /** sha256 of the value, hex. */
  readonly digest: string
  /** What it sets off, as JSON; undefined for nothing. */
  readonly effect: string | undefined
  /** What the applicant owes or was offered, and what the decision holds of it; undefined for nothing. */
  readonly exposure: string
  readonly hold: HoldCall | undefined
}

/**
 * What became of a decision: 'lost' when the claim is no longer ours; 'exposed' when more would be owed than its limit
 * allows, the claim is still ours and `exposure` is what is owed now.
 */
export type CommitReply =
  | { readonly kind: 'committed' | 'lost' }
  | { readonly kind: 'exposed'; readonly exposure: Buffer }

const COMMITTED: CommitReply = { kind: 'committed' }
const LOST: CommitReply = { kind: 'lost' }

/** assay_commit: what became of each decision. */
export async function commit(redis: Redis, calls: readonly CommitCall[], keepMs: number): Promise<CommitReply[]> {
  const keys: string[] = []
  const args: CallArgument[] = [keepMs]
  for (const { application, idempotency, decision, ledger, outbox, exposure, ...call } of calls) {
    const before = keys.length
    keys.push(application, decision, ledger, outbox)
    if (idempotency !== undefined) keys.push(idempotency)
    if (call.hold !== undefined) keys.push(exposure)
    args.push(keys.length - before, call.fingerprint + call.decisionId, call.decisionId)
    args.push(call.value, call.digest, call.effect ?? '')
    args.push(call.hold?.words ?? '', call.hold?.alone ?? '', call.hold?.keepMs ?? 0)
  }
  const replies = (await callFunction(redis, 'assay_commit', keys, args)) as readonly (number | Buffer)[]
  return replies.map((reply) => {
    if (typeof reply === 'object') return { kind: 'exposed', exposure: reply }
    return reply === 1 ? COMMITTED : LOST
  })
}

/** assay_release: false when the claim is no longer ours. */
export async function release(redis: Redis, applicationKey: string, fingerprint: string, decisionId: string) {
  return (await redis.fcall('assay_release', 1, applicationKey, fingerprint + decisionId)) === 1
}

/**
 * What became of an event: 'full' when an entity takes no more until it is folded, and nothing was written; else which of
 * its entities, by their place, keep the event’s time as tiles already and did not take it.
 */
export type Appended = 'full' | { readonly closed: readonly number[] }

const NONE_CLOSED: Appended = { closed: [] }

/** assay_append: what became of each event. */
export async function append(
  redis: Redis,
  calls: readonly AppendCall[],
  limits: EntityLimits & {
    /** An event of before then is late: only such a one can be older than the tiles of a short entity. */
    readonly lateBeforeMs: number
  }
): Promise<Appended[]> {
  const keys: string[] = []
  const args: CallArgument[] = [limits.dueBytes, limits.maxBytes, limits.lateBeforeMs]
  for (const { log, due, entities, atMs, event, record, exposure, change, loan } of calls) {
    keys.push(log, due, ...entities)
    if (change !== '') keys.push(exposure)
    if (loan !== undefined) keys.push(...loan.keys)
    args.push(entities.length, atMs, event, record, change, loan?.note ?? '')
  }
  const replies = (await callFunction(redis, 'assay_append', keys, args)) as readonly number[]
  return replies.map((reply, index) => {
    if (reply === 0) return 'full'
    if (reply === 1) return NONE_CLOSED
    const places = (calls[index] as AppendCall).entities.keys()
    return { closed: [...places].filter((place) => (reply & (2 << place)) !== 0) }
  })
}

/** assay_compact: false when somebody else folded first. */
export async function compact(redis: Redis, entityKey: string, args: readonly (string | Buffer | number)[]) {
  return (await redis.fcall('assay_compact', 1, entityKey, ...args)) === 1
}

/** assay_bury: whether the letter was written, and how many old ones went for it. */
export async function bury(redis: Redis, keys: readonly [string, string], args: readonly (string | number)[]) {
  const [buried, evicted] = (await redis.fcall('assay_bury', 2, ...keys, ...args)) as [number, number]
  return { buried: buried === 1, evicted }
}

/** assay_refile: the id of the corrected letter; undefined when the letter was no longer there. */
export async function refile(redis: Redis, lettersKey: string, id: string, letter: string) {
  return ((await redis.fcall('assay_refile', 1, lettersKey, id, letter)) as string | null) ?? undefined
}

/** assay_forget: false when the entity is no longer what was read. */
export async function forget(redis: Redis, entityKey: string, args: readonly (string | number)[]) {
  return (await redis.fcall('assay_forget', 1, entityKey, ...args)) === 1
}

/** What became of one decision, for assay_outcome. */
export interface OutcomeCall {
  readonly outcome: string
  readonly calibration: string
  readonly note: 'g' | 'b'
  readonly observedAtMs: number
  readonly source: string
  /** '' when no model scored it: it is remembered, not counted. */
  readonly model: string
  readonly bin: number
  /** The probability in billionths, and its square. */
  readonly pd: number
  readonly pdSquared: number
}

const OUTCOME_REPLIES = ['counted', 'repeated', 'replaced', 'conflict'] as const
export type OutcomeReply = (typeof OUTCOME_REPLIES)[number]

/** assay_outcome: of each decision what became of what was told of it. */
export async function noteOutcomes(
  redis: Redis,
  calls: readonly OutcomeCall[],
  keepMs: number
): Promise<OutcomeReply[]> {
  const args: CallArgument[] = [keepMs]
  for (const { note, observedAtMs, source, model, bin, pd, pdSquared } of calls)
    args.push(note, observedAtMs, source, model, bin, pd, pdSquared)
  const keys = calls.flatMap(({ outcome, calibration }) => [outcome, calibration])
  const replies = (await callFunction(redis, 'assay_outcome', keys, args)) as readonly number[]
  return replies.map((reply) => OUTCOME_REPLIES[reply - 1] as OutcomeReply)
}
