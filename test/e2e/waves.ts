import { normaliseCard, normaliseIp, normalisePhone } from '../../src/domain/identity.ts'

/** An event or application of a history, as its file has it. */
export interface Line extends Record<string, unknown> {
  readonly applicationId: string
  readonly applicantId: string
  readonly asOf: number
  readonly occurredAtMs: number
}

/** Events that may be told at once, then applications that may be decided at once. */
export interface Wave {
  readonly events: Line[]
  readonly applications: Line[]
}

/**
 * A history in order of time, cut where the order matters: whoever has applied in a wave, or shares a device, address,
 * phone or card with somebody who has, appears in it no more. Within a wave everything may then be sent at once, and each
 * application sees what it would have seen had all been sent one after the other. An event of an application’s own
 * instant comes before it.
 */
export function* waves(events: readonly Line[], applications: readonly Line[]): Generator<Wave> {
  let wave: Wave = { events: [], applications: [] }
  const applied = new Set<string>()
  let [event, application] = [0, 0]
  while (event < events.length || application < applications.length) {
    const [told, asked] = [events[event], applications[application]]
    const isEvent = told !== undefined && (asked === undefined || told.occurredAtMs <= asked.asOf)
    const line = (isEvent ? told : asked) as Line
    const entities = entitiesOf(line)
    if (entities.some((entity) => applied.has(entity))) {
      yield wave
      wave = { events: [], applications: [] }
      applied.clear()
    }
    if (isEvent) {
      wave.events.push(line)
      event++
    } else {
      wave.applications.push(line)
      for (const entity of entities) applied.add(entity)
      application++
    }
  }
  yield wave
}

interface Identities {
  readonly deviceId?: string
  readonly ip?: string
  readonly phone?: string
  readonly bankCard?: string
}

function entitiesOf(line: Line): string[] {
  const { device, identity } = line as { readonly device?: Identities; readonly identity?: Identities }
  const { deviceId, ip, phone, bankCard } = { ...(line as Identities), ...device, ...identity }
  const entities = [`applicant ${line.applicantId}`]
  if (deviceId !== undefined) entities.push(`device ${deviceId}`)
  if (ip !== undefined) entities.push(`ip ${normaliseIp(ip)}`)
  if (phone !== undefined) entities.push(`phone ${normalisePhone(phone)}`)
  if (bankCard !== undefined) entities.push(`card ${normaliseCard(bankCard)}`)
  return entities
}
