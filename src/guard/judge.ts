import { localDay, startOfDayMs } from '../domain/calendar.ts'
import type { GuardAggregates } from './aggregates.ts'
import type { GuardPolicy, GuardRule } from './guard-schema.ts'
import type { GuardEntry, GuardState, Judgement, Restriction } from './guard-state.ts'
import type { LoadedGuard } from './load-guard.ts'
import { type MeasuredValue, measuredValues } from './measure-values.ts'

/** Every rule against every product, partner or funder it is about. Pure. */
export function judge(policy: GuardPolicy, aggregates: GuardAggregates): Judgement[] {
  return policy.rules.flatMap((rule) => {
    const values = measuredValues(rule.measure, aggregates, policy)
    if (values === undefined) return [judgementOf(rule, undefined)]
    return values.map((value) => judgementOf(rule, value))
  })
}

function judgementOf(rule: GuardRule, measured: MeasuredValue | undefined): Judgement {
  const { id, amber, red } = rule
  return {
    rule: id,
    product: measured?.product ?? null,
    of: measured?.of ?? null,
    level: levelOf(rule, measured),
    value: measured?.value ?? null,
    count: measured?.count ?? 0,
    amber,
    red
  }
}

function levelOf({ amber, red, minCount }: GuardRule, measured: MeasuredValue | undefined): Judgement['level'] {
  if (measured === undefined) return 'unknown'
  if (measured.count < minCount) return 'few'
  if (measured.value >= red) return 'red'
  return measured.value >= amber ? 'amber' : 'green'
}

/**
 * The state after a look. Red restricts, once; what is in force stays until it is released or ends, whatever is seen since:
 * what cannot be read neither restricts nor frees. After a release a rule does not act again for a while. Pure, and idempotent.
 */
export function nextState(
  { policy, id: policyId }: LoadedGuard,
  state: GuardState,
  judgements: readonly Judgement[],
  nowMs: number
): { readonly state: GuardState; readonly entries: readonly GuardEntry[] } {
  const entries: GuardEntry[] = []
  const releases = state.releases.filter(({ untilMs }) => untilMs > nowMs)
  const restrictions = state.restrictions.filter((restriction) => {
    const isOver = restriction.untilMs !== null && restriction.untilMs <= nowMs
    if (isOver) entries.push({ kind: 'ended', atMs: nowMs, restriction })
    return !isOver
  })
  for (const judgement of judgements) {
    const before = state.judgements.find((known) => keyOf(known) === keyOf(judgement))?.level ?? 'green'
    if (before !== judgement.level && (isTold(before) || isTold(judgement.level)))
      entries.push({ kind: 'level', atMs: nowMs, before, judgement })
    const rule = policy.rules.find(({ id }) => id === judgement.rule)
    if (judgement.level !== 'red' || rule === undefined) continue
    const restriction = restrictionOf(policy, policyId, rule, judgement, nowMs)
    if (restriction === undefined) continue
    if (restrictions.some(({ id }) => id === restriction.id)) continue
    if (releases.some(({ id }) => id === restriction.id)) continue
    restrictions.push(restriction)
    entries.push({ kind: 'restricted', atMs: nowMs, restriction })
  }
  return { state: { restrictions, releases, judgements: [...judgements], checkedAtMs: nowMs }, entries }
}

/** Between having little and having nothing to tell there is nothing to tell. */
function isTold(level: Judgement['level']): boolean {
  return level !== 'green' && level !== 'few'
}

function keyOf({ rule, product, of }: Judgement): string {
  return `${rule} ${product} ${of}`
}

function restrictionOf(
  { utcOffsetMinutes }: GuardPolicy,
  policyId: string,
  { id: rule, action, until, red }: GuardRule,
  { product, of, value }: Judgement,
  nowMs: number
): Restriction | undefined {
  if (action.kind === 'none' || product === null || value === null) return undefined
  const partner = action.target === 'partner' ? of : null
  const dayEndMs = startOfDayMs(localDay(nowMs, utcOffsetMinutes) + 1, utcOffsetMinutes)
  return {
    id: [rule, product, ...(partner === null ? [] : [partner])].join('.'),
    rule,
    kind: action.kind,
    product: product as Restriction['product'],
    partner,
    limitShare: action.kind === 'pause' ? 0 : action.limitShare,
    value,
    threshold: red,
    policy: policyId,
    sinceMs: nowMs,
    untilMs: until === 'day_end' ? dayEndMs : null
  }
}

const HOUR_MS = 3_600_000
/** As many different people must release what the guard did. */
export const RELEASERS_NEEDED = 2

export type Released =
  | { readonly kind: 'released'; readonly state: GuardState; readonly entry: GuardEntry }
  | { readonly kind: 'unknown' | 'too_few_people' }

/**
 * Takes a restriction back by the word of two people. Its rule does not act on the same product or partner again for the time
 * that the policy says.
 *
 * @param people different people, however they write their names: the caller has made that out
 */
export function release(
  { holdHours }: GuardPolicy,
  state: GuardState,
  id: string,
  people: readonly string[],
  nowMs: number
): Released {
  if (new Set(people).size < RELEASERS_NEEDED) return { kind: 'too_few_people' }
  const restriction = state.restrictions.find((known) => known.id === id)
  if (restriction === undefined) return { kind: 'unknown' }
  const untilMs = nowMs + holdHours * HOUR_MS
  return {
    kind: 'released',
    state: {
      ...state,
      restrictions: state.restrictions.filter((known) => known.id !== id),
      releases: [...state.releases.filter((known) => known.id !== id), { id, people: [...people], untilMs }]
    },
    entry: { kind: 'released', atMs: nowMs, restriction, people, untilMs }
  }
}
