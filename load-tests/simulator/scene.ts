import { type DecisionRequest, PURPOSES } from '../../src/domain/application.ts'
import type { EventInput, EventType } from '../../src/domain/event.ts'
import type { Assumptions, PersonaName } from './assumptions.ts'
import type { Chance } from './chance.ts'
import { createPerson, type Person } from './person.ts'
import { COUNTRIES, DAY_MS, type Network, networkOf, timeOfDay } from './world.ts'

/** What is known of an application in hindsight, and never to whoever decides. */
export interface Truth {
  /** Applications of one actor are no independent evidence: who measures, measures by actor. */
  readonly actor: string
  readonly persona: PersonaName
  readonly isFraud: boolean
  readonly isCareful: boolean
  /** The label that is learnt from: bad is fraud. With noise, see Assumptions. */
  readonly outcome: 'good' | 'bad'
  /** Probability that the loan is not repaid; 1 for a fraud. Repayment is decided by loan-life.ts. */
  readonly hiddenRisk: number
  /** Whose address it came from; undefined when none was told. */
  readonly network: Network | undefined
}

export type SimulatedItem =
  | { readonly kind: 'event'; readonly atMs: number; readonly event: EventInput }
  | {
      readonly kind: 'application'
      readonly atMs: number
      readonly request: DecisionRequest
      readonly truth: Truth
    }

/** Where an event comes from. */
export type Via = Pick<EventInput, 'deviceId' | 'ip' | 'phone' | 'bankCard'>

/** The stage of one actor: a person, a family, a café, a gang. Everything it does is noted here, in any order. */
export interface Scene {
  readonly chance: Chance
  readonly assumptions: Assumptions
  /** How many people the actor brings. */
  readonly size: number
  readonly isCareful: boolean
  readonly newPerson: () => Person
  /** An instant of a day after the actor’s arrival, by the person’s clock; never before the arrival. */
  readonly at: (day: number, person: Person, when: Parameters<typeof timeOfDay>[1]) => number
  readonly event: (person: Person, type: EventType, atMs: number, data: object, via?: Via) => void
  readonly application: (person: Person, atMs: number, via: Via, isFraud: boolean) => void
  /** In the order in which they were noted. */
  readonly items: readonly SimulatedItem[]
}

export interface SceneOptions {
  readonly chance: Chance
  readonly assumptions: Assumptions
  readonly persona: PersonaName
  readonly size: number
  readonly isCareful: boolean
  /** Begins every id; unique to the actor. */
  readonly prefix: string
  readonly startMs: number
}

const MIN_LABEL_DELAY_DAYS = 3

export function createScene(options: SceneOptions): Scene {
  const { chance, assumptions, persona, size, isCareful, prefix, startMs } = options
  const items: SimulatedItem[] = []
  let [people, applications, events] = [0, 0, 0]

  // Nothing happens before the actor has come: the stream of all actors is made day by day.
  const timeOf = (atMs: number) => Math.floor(Math.max(startMs, atMs))

  const event: Scene['event'] = (person, type, atMs, data, via = {}) => {
    if (person.isSilent && type !== 'fraud.labelled') return
    const { deviceId, ip, ...identity } = via
    const from = person.hidesDevice ? {} : { ...(deviceId && { deviceId }), ...(ip && { ip }) }
    const at = timeOf(atMs)
    const input: EventInput = {
      eventId: `${prefix}-e${events++}`,
      type,
      occurredAtMs: at,
      applicantId: person.applicantId,
      ...from,
      ...identity,
      data
    }
    items.push({ kind: 'event', atMs: at, event: input })
  }

  const application: Scene['application'] = (person, atMs, via, isFraud) => {
    const at = timeOf(atMs)
    const outcome = chance.is(isFraud ? 1 - assumptions.missedFraudShare : assumptions.falseAlarmShare) ? 'bad' : 'good'
    const request = requestOf(chance, `${prefix}-a${applications++}`, person, via)
    const hiddenRisk = isFraud ? 1 : person.hiddenRisk
    const network = request.device?.ip === undefined ? undefined : networkOf(request.device.ip)
    const truth: Truth = { actor: prefix, persona, isFraud, isCareful, outcome, hiddenRisk, network }
    items.push({ kind: 'application', atMs: at, request, truth })
    // What a lender learns late: never before the application, so that nothing that is learnt from knows it.
    if (outcome === 'bad') {
      const knownAtMs = at + (MIN_LABEL_DELAY_DAYS + chance.gap(assumptions.labelDelayDays)) * DAY_MS
      event(person, 'fraud.labelled', knownAtMs, { label: 'confirmed' }, via)
    }
  }

  return {
    chance,
    assumptions,
    size,
    isCareful,
    newPerson: () => createPerson(chance, `${prefix}-p${people++}`, assumptions),
    at: (day, person, when) => {
      const local = timeOfDay(chance, when) - person.utcOffsetMs
      return startMs + Math.floor(day) * DAY_MS + ((local + DAY_MS) % DAY_MS)
    },
    event,
    application,
    items
  }
}

const PRODUCT_SHARES = { cash: 0.7, consumer: 0.25, business: 0.05 }

function requestOf(chance: Chance, applicationId: string, person: Person, via: Via): DecisionRequest {
  const { applicantId, currency, facts } = person
  const median = COUNTRIES[currency].amountMinor
  const device = { ...(via.deviceId && { deviceId: via.deviceId }), ...(via.ip && { ip: via.ip }) }
  return {
    applicationId,
    applicantId,
    product: chance.weighted(PRODUCT_SHARES),
    amountMinor: 1000 * Math.max(1, Math.round(chance.around(median, 0.6) / 1000)),
    currency,
    term: chance.is(0.6)
      ? { count: chance.pick([15, 30, 60, 90]), unit: 'day' }
      : { count: chance.whole(1, 12), unit: 'month' },
    purpose: chance.pick(PURPOSES),
    applicant: facts,
    identity: { ...(via.phone && { phone: via.phone }), ...(via.bankCard && { bankCard: via.bankCard }) },
    ...(!person.hidesDevice && { device }),
    consents: ['automated_decision', ...(chance.is(0.6) ? (['bureau_query'] as const) : [])]
  }
}
