import { createRandom, pick, type Random } from '../../load-tests/random.ts'
import type { DecisionRequest } from '../../src/domain/application.ts'
import type { EventInput } from '../../src/domain/event.ts'
import { createKnown, type Known } from './known.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** With three events and an application a turn an applicant stays below the 512 events that are kept whole. */
const MAX_TURNS = 100
const MAX_APPLICANTS = 1000
const MAX_EVENTS_A_TURN = 3
const SHARED_DEVICE_SHARE = 0.3
const KNOWN_AGAIN_SHARE = 0.15
const TWICE_IN_A_LIST_SHARE = 0.1
const TWICE_AT_ONCE_SHARE = 0.05
const AGAIN_AFTERWARDS_SHARE = 0.05

/** How something is sent: once, or twice at the same moment. */
export type Sending = 'once' | 'twice at once'

export interface Turn {
  readonly known: Known
  /** New events by their post; each post may also repeat events that were told before or that it has itself. */
  readonly posts: readonly { readonly events: readonly EventInput[]; readonly sending: Sending }[]
  /** What is new in the posts. */
  readonly fresh: readonly EventInput[]
  readonly request: DecisionRequest
  readonly sending: Sending
  /** Whether the application is sent again after its answer. */
  readonly again: boolean
}

/** The life of one applicant, or of two who share a device, one turn after the other: what is known is exact. */
export interface Story {
  /** The next turn as of a time, or undefined at the end. */
  readonly next: (nowMs: number) => Turn | undefined
}

/** Stories of as many applications as there are to be decisions, the same for the same seed but for their times. */
export function createStories(decisions: number, seed: number): Story[] {
  const applicants = Math.max(Math.ceil(decisions / MAX_TURNS), Math.min(MAX_APPLICANTS, Math.ceil(decisions / 10)))
  const random = createRandom(seed)
  const turnsOf = (index: number): number =>
    Math.floor((decisions * (index + 1)) / applicants) - Math.floor((decisions * index) / applicants)
  const stories: Story[] = []
  for (let index = 0; index < applicants; ) {
    const size = index + 1 < applicants && random() < SHARED_DEVICE_SHARE ? 2 : 1
    const members = Array.from({ length: size }, (_, at) => ({ index: index + at, turns: turnsOf(index + at) }))
    stories.push(createStory(members, createRandom(Math.imul(seed + 1, 0x9e3779b1) ^ index)))
    index += size
  }
  return stories
}

function createStory(members: readonly { index: number; turns: number }[], random: Random): Story {
  const deviceId = `device-${members[0]?.index}`
  const device = { applications: [] }
  const people = members.map(({ index, turns }) => ({
    index,
    turns,
    known: createKnown(device),
    told: [] as EventInput[],
    times: new Set<number>()
  }))
  return {
    next: (nowMs) => {
      const waiting = people.filter(({ turns }) => turns > 0)
      if (waiting.length === 0) return undefined
      const person = pick(random, waiting)
      const applicantId = `person-${person.index}`
      const fresh = Array.from({ length: Math.floor(random() * (MAX_EVENTS_A_TURN + 1)) }, (_, at) => {
        const eventId = `e-${person.index}-${person.told.length + at}`
        return { eventId, applicantId, ...drawEvent(random, drawTime(random, nowMs, person.times), deviceId) }
      })
      const posts = arrange(random, fresh, person.told)
      person.told.push(...fresh)
      return {
        known: person.known,
        posts,
        fresh,
        request: application(random, `a-${person.index}-${person.turns--}`, applicantId, deviceId),
        sending: drawSending(random),
        again: random() < AGAIN_AFTERWARDS_SHARE
      }
    }
  }
}

/** Most events are of now, some are late, some much too late, a few from a clock that runs ahead; no two of one time. */
function drawTime(random: Random, nowMs: number, taken: Set<number>): number {
  const kind = random()
  let agoMs = random() * 30 * MINUTE_MS
  if (kind < 0.1) agoMs = (30 + random() * 370) * DAY_MS
  else if (kind < 0.35) agoMs = random() * 30 * DAY_MS
  else if (kind < 0.4) agoMs = -random() * MINUTE_MS
  let timeMs = Math.floor(nowMs - agoMs)
  while (taken.has(timeMs)) timeMs--
  taken.add(timeMs)
  return timeMs
}

function drawEvent(
  random: Random,
  occurredAtMs: number,
  deviceId: string
): Omit<EventInput, 'eventId' | 'applicantId'> {
  const amountMinor = 1000 * (1 + Math.floor(random() * 5000))
  const loanId = `loan-${Math.floor(random() * 9)}`
  switch (pick(random, TYPES)) {
    case 'auth.login':
      return { type: 'auth.login', occurredAtMs, ...(random() < 0.25 && { deviceId }), data: {} }
    case 'auth.login_failed':
      return { type: 'auth.login_failed', occurredAtMs, data: { reason: 'wrong_secret' } }
    case 'repayment.received': {
      const dueAtMs = occurredAtMs - Math.floor((random() * 20 - 10) * DAY_MS)
      return { type: 'repayment.received', occurredAtMs, data: { loanId, instalmentNo: 1, dueAtMs, amountMinor } }
    }
    case 'loan.disbursed':
      return { type: 'loan.disbursed', occurredAtMs, data: { loanId, principalMinor: amountMinor, termDays: 30 } }
    case 'order.paid': {
      const orderId = `order-${Math.floor(random() * 99)}`
      return { type: 'order.paid', occurredAtMs, data: { orderId, merchant: 'shop', amountMinor } }
    }
    case 'limit.changed':
      return { type: 'limit.changed', occurredAtMs, data: { limitMinor: amountMinor } }
  }
}

const TYPES = [
  'auth.login',
  'auth.login_failed',
  'repayment.received',
  'loan.disbursed',
  'order.paid',
  'limit.changed'
] as const

/** One post of all, or one for each; with events that were told before, and with events that stand in it twice. */
function arrange(random: Random, fresh: readonly EventInput[], told: readonly EventInput[]): Turn['posts'] {
  const lists = random() < 0.5 ? fresh.map((event) => [event]) : fresh.length > 0 ? [[...fresh]] : []
  for (const list of lists) if (random() < TWICE_IN_A_LIST_SHARE) list.push(list[0] as EventInput)
  if (told.length > 0 && random() < KNOWN_AGAIN_SHARE) lists.push([pick(random, told)])
  return lists.map((events) => ({ events, sending: drawSending(random) }))
}

const drawSending = (random: Random): Sending => (random() < TWICE_AT_ONCE_SHARE ? 'twice at once' : 'once')

function application(random: Random, applicationId: string, applicantId: string, deviceId: string): DecisionRequest {
  return {
    applicationId,
    applicantId,
    product: 'cash',
    amountMinor: 500_000 + 50_000 * Math.floor(random() * 30),
    currency: 'NGN',
    term: { count: 30, unit: 'day' },
    purpose: 'consumption',
    applicant: { birthYear: 1990, monthlyIncomeMinor: 25_000_000 },
    device: { deviceId },
    consents: ['automated_decision']
  }
}
