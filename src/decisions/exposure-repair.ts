import { balanceOf, type Exposure, MAX_EXPOSURE_ENTRIES } from '../domain/exposure.ts'
import { withStoredEnds } from './exposure-comparison.ts'

/** As in the Lua. */
const KEPT_MS = 86_400_000
const MAX_BYTES = 16_384
const CLOSED_KEPT_MS = 400 * 86_400_000

export interface RepairInput {
  readonly stored: Exposure | undefined
  /** By all that is known. */
  readonly folded: Exposure
  /** Without all of the log nothing that is stored is taken away, but loans that are known to be closed. */
  readonly isLogWhole: boolean
  readonly nowMs: number
}

export type Repair =
  /** `keepMs` undefined for ever: a loan ends when its event says so. */
  | { readonly kind: 'write'; readonly json: string; readonly keepMs: number | undefined }
  | { readonly kind: 'remove' }
  | { readonly kind: 'tooLarge' }

/** What is to be stored in the place of what is. Pure. */
export function repairExposure({ stored = {}, folded, isLogWhole, nowMs }: RepairInput): Repair {
  const whole = withStoredEnds(folded, stored)
  const next = isLogWhole ? whole : withStored(whole, stored)
  const r = Object.fromEntries(Object.entries(next.r ?? {}).filter(([, [, , tillMs]]) => tillMs + KEPT_MS > nowMs))
  const { l = {}, c = {} } = next
  const [held, loans, closed] = [Object.values(r), Object.keys(l).length, Object.keys(c).length]
  if (held.length + loans + closed === 0) return { kind: 'remove' }
  // An empty object and an empty list are the same to the Lua.
  const json = JSON.stringify({
    ...(held.length > 0 && { r }),
    ...(loans > 0 && { l }),
    ...(closed > 0 && { c })
  })
  if (Buffer.byteLength(json) > MAX_BYTES || held.length + loans > MAX_EXPOSURE_ENTRIES) return { kind: 'tooLarge' }
  const heldMs = Math.max(0, ...held.map(([, , tillMs]) => tillMs - nowMs)) + KEPT_MS
  return { kind: 'write', json, keepMs: loans > 0 ? undefined : closed > 0 ? Math.max(heldMs, CLOSED_KEPT_MS) : heldMs }
}

function withStored(folded: Exposure, stored: Exposure): Exposure {
  const l = { ...folded.l }
  for (const [id, loan] of Object.entries(stored.l ?? {})) {
    const known = l[id]
    if (known === undefined ? folded.c?.[id] === undefined : balanceOf(loan) > balanceOf(known)) l[id] = loan
  }
  return { r: { ...stored.r, ...folded.r }, l, c: { ...stored.c, ...folded.c } }
}
