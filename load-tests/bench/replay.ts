import { createHash } from 'node:crypto'
import type { AssayEvent } from '../../src/domain/event.ts'
import { parseLogEvent, serialiseEvent } from '../../src/features/event-json.ts'
import { rebuildProfiles } from '../../src/features/rebuild.ts'
import { packRecord } from '../../src/features/record.ts'
import { createRandom } from '../random.ts'

// Events a second of one core from lines of an archive to folded profiles, and what each stage of that takes. The first
// round warms up and is not counted.

const EVENTS = Number(process.argv[2] ?? 300_000)
const ROUNDS = 4
const EVENTS_AN_APPLICANT = 8
const START_MS = Date.parse('2026-01-01T00:00:00Z')

const token = (kind: string, number: number) =>
  createHash('sha256').update(`${kind}${number}`).digest('base64url').slice(0, 22)

function eventAt(index: number, random: () => number): AssayEvent {
  const person = Math.floor(random() * (EVENTS / EVENTS_AN_APPLICANT))
  const occurredAtMs = START_MS + index * 1000
  const common = { eventId: `event-${index.toString(36)}`, occurredAtMs, tenant: 'demo' }
  const refs = {
    applicant: token('a', person),
    device: token('d', person % (EVENTS / 10)),
    ip: token('i', person % (EVENTS / 100)),
    phone: token('p', person)
  }
  if (index % 3 === 0) {
    const data = { loanId: `loan-${index}`, instalmentNo: 1, dueAtMs: occurredAtMs - 3_600_000, amountMinor: 1_500_000 }
    return { ...common, type: 'repayment.received', refs: { applicant: refs.applicant }, data }
  }
  const data = { applicationId: `application-${index}`, product: 'cash', amountMinor: 2_000_000, termDays: 30 }
  return { ...common, type: 'application.submitted', refs, data }
}

function* parse(lines: readonly string[]): Generator<AssayEvent> {
  for (const line of lines) {
    const event = parseLogEvent(line)
    if (event !== undefined) yield event
  }
}

function count(items: Iterable<unknown>): number {
  let sum = 0
  for (const _ of items) sum++
  return sum
}

const random = createRandom(7)
const lines = Array.from({ length: EVENTS }, (_, index) => serialiseEvent(eventAt(index, random)))
const events = [...parse(lines)]
const stages: Readonly<Record<string, () => number>> = {
  'JSON.parse alone': () => count(lines.map((line) => JSON.parse(line))),
  'parse and check': () => count(parse(lines)),
  pack: () => count(events.map(packRecord)),
  'collect, fold, encode': () => count(rebuildProfiles(events)),
  'all: line to profile': () => count(rebuildProfiles(parse(lines)))
}

const bytes = Math.round(lines.reduce((sum, line) => sum + line.length, 0) / EVENTS)
process.stdout.write(`${EVENTS} events of ${bytes} bytes, ${count(rebuildProfiles(events))} entities\n`)
for (const [name, run] of Object.entries(stages)) {
  const rates = Array.from({ length: ROUNDS }, () => {
    const startedAtMs = performance.now()
    run()
    return EVENTS / ((performance.now() - startedAtMs) / 1000)
  })
  const best = Math.max(...rates.slice(1))
  process.stdout.write(`  ${name.padEnd(24)}${Math.round(best).toLocaleString('en').padStart(12)} events/s\n`)
}
