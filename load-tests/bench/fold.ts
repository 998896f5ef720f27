import type { Application } from '../../src/domain/application.ts'
import type { AssayEvent } from '../../src/domain/event.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { History, MAX_RETAINED } from '../../src/features/history.ts'
import { packRecord } from '../../src/features/record.ts'
import { createTileLayouts, type TileLayout } from '../../src/features/tile-layout.ts'
import { createFeatureSet, type EntityStates } from '../../src/features/vector.ts'
import { packRecords } from './features/history.ts'
import { measureInterleaved } from './interleaved.ts'

// What reading behaviour costs a decision, by the length of the history of each of its five entities, and what folding costs.

const NOW_MS = Date.UTC(2026, 5, 1)
const MINUTE_MS = 60_000
const LENGTHS = [0, 10, 100, 512, 1000, 10_000, 100_000]
/** Records behind a profile: half of what makes an entity due. */
const UNFOLDED = 20
const FOLD_TOGETHER = 1000
const CALLS = 300
const TAIL_BYTES = 65_536

const layouts = createTileLayouts(CATALOGUE)
const featureSet = createFeatureSet(CATALOGUE)
const application: Application = {
  tenant: 't',
  applicationId: 'x',
  product: 'cash',
  amountMinor: 1_000_000,
  currency: 'NGN',
  term: { count: 30, unit: 'day' },
  purpose: 'other',
  facts: {},
  refs: { applicant: 'a', device: 'd', ip: 'i', phone: 'p', card: 'c' },
  consents: []
}
const own = packRecord(eventAt(0, 0, 1))

const states = LENGTHS.map((length) =>
  layouts.map((layout) => ({ profile: storedAs(layout, historyOf(length, 1)), tail: own }))
)
const computeMicros = await measureInterleaved(
  Object.fromEntries(
    LENGTHS.map((length, index) => [
      `${length}`,
      () => featureSet.compute(application, states[index] as EntityStates, NOW_MS)
    ])
  ),
  CALLS
)
show('events of each entity', ['µs a decision', 'profile bytes, mean', 'largest'], () =>
  LENGTHS.map((length, index) => {
    const bytes = (states[index] as EntityStates).map((state) => state?.profile?.length ?? 0)
    return [length, computeMicros[`${length}`] as number, mean(bytes), Math.max(...bytes)]
  })
)

const applicant = layouts[0] as TileLayout
const recent = historyOf(MAX_RETAINED, 1)
const crowd = historyOf(MAX_RETAINED, 1e9)
const [inOrder, mixed] = [recentTail((event) => event.occurredAtMs), recentTail((event) => hashOf(event.eventId))]
const [short, long] = [new History(applicant), new History(applicant)]
const profile = short.fold(null, packRecords(recent)).encode()
const full = storedAs(applicant, historyOf(10_000, 1)) as Buffer
const foldMicros = await measureInterleaved(
  {
    inOrder: () => short.fold(null, inOrder).size,
    mixed: () => short.fold(null, mixed).size,
    profile: () => short.fold(profile, null).size,
    compaction: () => long.fold(full, null).encode().length
  },
  CALLS
)
const tailEvents = countOf(inOrder)
show('fold', ['events', 'µs', 'µs an event'], () => [
  ['64 KiB of records, oldest first', tailEvents, foldMicros.inOrder, foldMicros.inOrder / tailEvents],
  ['64 KiB of records, in any order', tailEvents, foldMicros.mixed, foldMicros.mixed / tailEvents],
  ['a profile', MAX_RETAINED, foldMicros.profile, foldMicros.profile / MAX_RETAINED],
  ['a full entity, folded and written', MAX_RETAINED, foldMicros.compaction, foldMicros.compaction / MAX_RETAINED]
])
show('bytes an event', ['record', 'of a profile'], () =>
  [recent, crowd].map((events, index) => [
    index === 0 ? 'entities seen before' : 'four new entities each time',
    packRecords(events).length / events.length,
    short.fold(null, packRecords(events)).encode().length / events.length
  ])
)

/** Mostly applications, ten minutes apart and every fiftieth a day, oldest first. */
function historyOf(length: number, others: number): AssayEvent[] {
  const ages = [1]
  while (ages.length < length) ages.push((ages.at(-1) as number) + (ages.length % 50 === 0 ? 1440 : 10) * MINUTE_MS)
  return ages
    .slice(0, length)
    .map((ageMs, index) => eventAt(ageMs, index, others))
    .reverse()
}

function eventAt(ageMs: number, index: number, others: number): AssayEvent {
  const token = (kind: string) => `${kind}${others === 1 ? index % 3 : index}`
  const refs = { applicant: 'a', device: token('d'), ip: token('i'), phone: token('p'), card: token('c') }
  const common = { eventId: `e${index}-${ageMs}`, occurredAtMs: NOW_MS - ageMs, tenant: 't', refs }
  const amountMinor = 10_000 * (1 + (index % 90))
  const dueAtMs = NOW_MS - ageMs - (index % 5) * 3_600_000
  if (index % 7 === 3) return { ...common, type: 'repayment.received', data: { loanId: 'l', instalmentNo: 1, dueAtMs } }
  if (index % 11 === 5)
    return { ...common, type: 'loan.disbursed', data: { loanId: 'l', principalMinor: amountMinor, termDays: 30 } }
  const data = { applicationId: 'x', product: 'cash', amountMinor, termDays: 30 }
  return { ...common, type: 'application.submitted', data }
}

/** As the ingest worker leaves an entity: folded bit by bit, the newest records not yet. */
function storedAs(layout: TileLayout, events: readonly AssayEvent[]): Buffer | null {
  if (events.length === 0) return null
  const history = new History(layout)
  const folded = Math.max(0, events.length - UNFOLDED)
  let profile: Buffer | null = null
  for (let from = 0; from < folded; from += FOLD_TOGETHER)
    profile = history.fold(profile, packRecords(events.slice(from, Math.min(from + FOLD_TOGETHER, folded)))).encode()
  return Buffer.concat([profile ?? Buffer.alloc(0), packRecords(events.slice(folded))])
}

function recentTail(rank: (event: AssayEvent) => number): Buffer {
  const events = historyOf(TAIL_BYTES, 1e9).slice(-2000)
  const fitting = events.filter((_, index) => packRecords(events.slice(0, 1)).length * (index + 1) <= TAIL_BYTES)
  return packRecords(fitting.toSorted((left, right) => rank(left) - rank(right)))
}

function countOf(records: Buffer): number {
  let count = 0
  for (let offset = 0; offset < records.length; offset += records[offset] as number) count++
  return count
}

function hashOf(text: string): number {
  let hash = 7
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) as number), 0x01000193)
  return hash
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function show(title: string, columns: readonly string[], rows: () => (number | string)[][]): void {
  process.stdout.write(`${title.padEnd(36)}${columns.map((column) => column.padStart(20)).join('')}\n`)
  for (const [name, ...cells] of rows())
    process.stdout.write(`  ${String(name).padEnd(34)}${cells.map((cell) => shown(cell).padStart(20)).join('')}\n`)
}

function shown(cell: number | string): string {
  return typeof cell === 'number' ? cell.toFixed(Number.isInteger(cell) ? 0 : 2) : cell
}
