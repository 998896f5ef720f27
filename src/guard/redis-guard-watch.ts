import type { Redis } from 'ioredis'
import type { Application } from '../domain/application.ts'
import type { Keys } from '../redis/keys.ts'
import type { Restriction } from './guard-state.ts'
import { parseGuardState } from './redis-guard-store.ts'

/** How old what decides may be; decisions read memory and wait for nothing. */
const LOOK_MS = 500

export interface GuardWatch {
  /** What holds back lending to such an applicant; undefined for nothing. */
  readonly restraintOf: (
    application: Pick<Application, 'product' | 'tenant'>
  ) => { readonly limitShare: number; readonly by: string[] } | undefined
  /** Looks now, instead of at the next look. */
  readonly look: () => Promise<void>
  readonly close: () => void
}

export interface GuardWatchOptions {
  readonly redis: Redis
  readonly keys: Keys
  readonly nowMs: () => number
  readonly onChange: (restrictions: readonly Restriction[]) => void
  /** What was known before goes on to hold. */
  readonly onFault: (error: unknown) => void
}

/**
 * Keeps the restrictions of the portfolio guard in memory, at most a second old, off the path of decisions. While they cannot be
 * read, those that were known stay in force: neither frees a fault what was held back, nor does it stop what was not.
 */
export function watchGuard({ redis, keys, nowMs, onChange, onFault }: GuardWatchOptions): GuardWatch {
  let restrictions: readonly Restriction[] = []
  let seen = '0'
  let looking: Promise<void> | undefined
  let isFaulty = false

  const read = async (): Promise<void> => {
    const version = (await redis.hget(keys.guardState(), 'v')) ?? '0'
    if (version === seen) return
    const json = await redis.hget(keys.guardState(), 's')
    const before = idsOf(restrictions)
    restrictions = json === null ? [] : parseGuardState(json).restrictions
    seen = version
    if (idsOf(restrictions) !== before) onChange(restrictions)
  }
  // Told when it begins: a Redis that is down would fill the log twice a second.
  const fail = (error: unknown): void => {
    if (!isFaulty) onFault(error)
    isFaulty = true
  }
  // A look that takes longer than the interval is not overtaken by the next.
  const look = (): Promise<void> => {
    looking ??= read()
      .then(() => {
        isFaulty = false
      })
      .catch(fail)
      .finally(() => {
        looking = undefined
      })
    return looking
  }
  const timer = setInterval(look, LOOK_MS)
  timer.unref()
  return {
    restraintOf: (application) =>
      restrictions.length === 0 ? undefined : restraintBy(restrictions, application, nowMs()),
    look,
    close: () => clearInterval(timer)
  }
}

function idsOf(restrictions: readonly Restriction[]): string {
  return restrictions.map(({ id }) => id).join(' ')
}

/** The least share of all that is in force for such an applicant. Pure. */
export function restraintBy(
  restrictions: readonly Restriction[],
  { product, tenant }: Pick<Application, 'product' | 'tenant'>,
  nowMs: number
): { readonly limitShare: number; readonly by: string[] } | undefined {
  const own = restrictions.filter(
    (each) =>
      each.product === product &&
      (each.partner === null || each.partner === tenant) &&
      (each.untilMs === null || each.untilMs > nowMs)
  )
  if (own.length === 0) return undefined
  return { limitShare: Math.min(...own.map(({ limitShare }) => limitShare)), by: own.map(({ id }) => id) }
}
