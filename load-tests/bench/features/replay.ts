import type { AssayEvent } from '../../../src/domain/event.ts'
import { parseLogEvent, serialiseEvent } from '../../../src/features/event-json.ts'
import { rebuildProfiles } from '../../../src/features/rebuild.ts'
import { median } from '../interleaved.ts'
import { busyHistory } from './history.ts'

const EVENTS = 200_000
const EVENTS_A_PERSON = 50
const ROUNDS = 4

/** Events a second of one core, from lines of an archive to folded profiles; the first round warms up and is not counted. */
export function measureReplay(note: (line: string) => void): number {
  const lines = Array.from(archive(), serialiseEvent)
  const rates = Array.from({ length: ROUNDS }, (_, round) => {
    note(`rebuilding from an archive, round ${round + 1} of ${ROUNDS}`)
    const before = process.cpuUsage()
    let profiles = 0
    for (const _ of rebuildProfiles(parse(lines))) profiles++
    if (profiles === 0) throw new Error('nothing was rebuilt')
    const { user, system } = process.cpuUsage(before)
    return (EVENTS * 1e6) / (user + system)
  })
  return median(rates.slice(1))
}

/** People with a history each, of an entity of every kind. */
function* archive(): Generator<AssayEvent> {
  const nowMs = Date.now()
  for (let person = 0; person < EVENTS / EVENTS_A_PERSON; person++) {
    const own = (token: string) => `${token.slice(0, 14)}${String(person).padStart(8, '0')}`
    for (const event of busyHistory(EVENTS_A_PERSON, nowMs, person + 1)) {
      const { applicant, device = '', phone = '' } = event.refs
      const refs = { applicant: own(applicant), device: own(device), phone: own(phone) }
      yield { ...event, eventId: `${event.eventId}-${person}`, refs }
    }
  }
}

function* parse(lines: readonly string[]): Generator<AssayEvent> {
  for (const line of lines) {
    const event = parseLogEvent(line)
    if (event !== undefined) yield event
  }
}
