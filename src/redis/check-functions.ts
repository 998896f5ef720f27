import type { Redis } from 'ioredis'

/** The effect of a check: nothing yet · told, and something is still to follow · done. */
export type EffectState = 'none' | 'pending' | 'done'

const EFFECTS: Readonly<Record<string, EffectState>> = { '': 'none', p: 'pending', d: 'done' }

export interface BegunCheck {
  /** Whoever takes over has a higher one; only the highest may act. */
  readonly fence: number
  readonly effect: EffectState
}

/** assay_check_begin of lua/35-checks.lua. */
export async function beginCheck(
  redis: Redis,
  keys: readonly [effect: string, fence: string],
  takesOver: boolean,
  keepMs: number
): Promise<BegunCheck> {
  const [fence, effect] = (await redis.fcall('assay_check_begin', 2, ...keys, takesOver ? '1' : '0', keepMs)) as [
    number,
    string
  ]
  return { fence, effect: EFFECTS[effect] ?? 'done' }
}

export interface CheckAct {
  readonly keys: readonly [effect: string, fence: string, loan: string, notices: string]
  readonly fence: number
  /** Of the loan when it was read. */
  readonly version: number
  /** Whether something follows that is told elsewhere; `finishCheck` says that it did. */
  readonly isFollowed: boolean
  readonly keepMs: number
  /** JSON; undefined to tell nothing. */
  readonly entry: string | undefined
  /** How many entries the stream of notices keeps, and some more. */
  readonly keepEntries: number
  /** Undefined when nobody is contacted. */
  readonly contact: CheckContact | undefined
}

export interface CheckContact {
  readonly key: string
  readonly most: number
  /** Contacts of that day that the loan tells of. */
  readonly toldOf: number
  readonly keepMs: number
}

const ACTED = { 1: 'done', 0: 'already_done', [-1]: 'fenced', [-2]: 'changed', [-3]: 'no_contact_left' } as const
export type Acted = (typeof ACTED)[keyof typeof ACTED]

/** assay_check_act: what became of it, the contacts of the person that day, and how many of the oldest entries went. */
export async function actOnCheck(
  redis: Redis,
  { keys, fence, version, isFollowed, keepMs, entry, keepEntries, contact }: CheckAct
): Promise<{ readonly acted: Acted; readonly contacts: number; readonly trimmed: number }> {
  const names = contact === undefined ? keys : [...keys, contact.key]
  const args = [fence, version, isFollowed ? 'p' : 'd', keepMs, entry ?? '']
  const limits = [contact?.most ?? 0, contact?.toldOf ?? 0, contact?.keepMs ?? 0, keepEntries]
  const reply = await redis.fcall('assay_check_act', names.length, ...names, ...args, ...limits)
  const [acted, contacts, trimmed] = reply as [keyof typeof ACTED, number, number]
  return { acted: ACTED[acted], contacts, trimmed }
}

/** Says that what had to follow did. */
export async function finishCheck(redis: Redis, effectKey: string): Promise<void> {
  await redis.call('SET', effectKey, 'd', 'XX', 'KEEPTTL')
}
