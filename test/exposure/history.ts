import type { Redis } from 'ioredis'
import { createRandom, pick, type Random } from '../../load-tests/random.ts'
import { compareExposure } from '../../src/decisions/exposure-comparison.ts'
import { type ExposureAct, foldExposure, heldDecisionOf } from '../../src/decisions/exposure-fold.ts'
import type { Application } from '../../src/domain/application.ts'
import type { Decision, Offer } from '../../src/domain/decision.ts'
import type { AssayEvent, EventType } from '../../src/domain/event.ts'
import { owedIn, parseExposure } from '../../src/domain/exposure.ts'
import { exposureChangeOf } from '../../src/domain/exposure-change.ts'
import { parseLogEvent } from '../../src/features/event-json.ts'
import { whenReady } from '../../src/redis/client.ts'
import { type Keys, partitionOfText } from '../../src/redis/keys.ts'
import { CRASHES, type Gateway, LIMIT_MINOR } from './gateways.ts'
import { expectedExposure } from './oracle.ts'

const DAY_MS = 86_400_000
const START_MS = Date.parse('2026-11-25T10:00:00Z')
/** The clocks of the gateways differ by so much. */
const SKEW_MS = 600_000
const TENANT = 'exposed'
const STEPS = 12
const READY_MS = 10_000

export interface HistoryDeps {
  readonly gateways: readonly Gateway[]
  /** A view of its own, which no fault hits. */
  readonly control: Redis
  readonly keys: Keys
  readonly stats: Stats
}

/** What happened in all histories, so that nobody takes an empty run for a proof. */
export interface Stats {
  decisions: number
  approvals: number
  referred: number
  crashes: number
  cut: number
  events: number
  repeats: number
  exposed: number
  /** Steps after which the whole limit was taken. */
  full: number
  checks: number
}

export const noStats = (): Stats => ({
  decisions: 0,
  approvals: 0,
  referred: 0,
  crashes: 0,
  cut: 0,
  events: 0,
  repeats: 0,
  exposed: 0,
  full: 0,
  checks: 0
})

/** Lives one random history of one applicant at several gateways; returns what was found wrong after any of its steps. */
export async function liveHistory(seed: number, deps: HistoryDeps): Promise<string[]> {
  const random = createRandom(seed)
  const person = new Person(`person-${seed}`, random, deps)
  const found: string[] = []
  for (let step = 0; step < STEPS && found.length === 0; step++) {
    const mayExceed = await person.live()
    for (const problem of await person.check(mayExceed)) found.push(`seed ${seed}, step ${step}: ${problem}`)
  }
  return found
}

interface OpenOffer {
  readonly decisionId: string
  readonly applicationId: string
  readonly offer: Offer
  readonly validUntilMs: number
}

class Person {
  readonly #name: string
  readonly #random: Random
  readonly #deps: HistoryDeps
  readonly #applications: Application[] = []
  readonly #answered = new Map<string, string>()
  readonly #offers: OpenOffer[] = []
  readonly #loans: string[] = []
  readonly #sent: AssayEvent[] = []
  readonly #heldBack: AssayEvent[] = []
  /** Some lenders pay out without a link, take payments back and make new schedules: they may exceed the limit by themselves. */
  readonly #isWild: boolean
  #nowMs = START_MS
  #serial = 0

  constructor(name: string, random: Random, deps: HistoryDeps) {
    this.#name = name
    this.#random = random
    this.#deps = deps
    this.#isWild = random() < 0.25
  }

  /** One step: up to five things at once. Returns whether what is owed may now be more than the limit. */
  async live(): Promise<boolean> {
    const chance = this.#random()
    if (chance < 0.2) {
      await Promise.all(this.#heldBack.splice(0).map((event) => this.#send(event)))
      this.#nowMs += Math.floor(this.#random() * 5 * DAY_MS)
      return this.#isWild
    }
    if (this.#isWild && chance < 0.4) {
      await this.#send(this.#wildEvent())
      return true
    }
    const acts = Array.from({ length: 1 + Math.floor(this.#random() * 5) }, () => this.#act())
    if (this.#random() < 0.01) acts.push(this.#cut())
    const approvals = (await Promise.all(acts)).filter((act) => act === 'approved').length
    // A wild lender's loans are above the limit until something is repaid; an approval says that there was room.
    return this.#isWild && approvals === 0
  }

  #act(): Promise<unknown> {
    const chance = this.#random()
    if (chance < 0.15 && this.#offers.length > 0) return this.#payOut()
    if (chance < 0.27 && this.#loans.length > 0) return this.#repay()
    if (chance < 0.32 && this.#loans.length > 0) return this.#close()
    if (chance < 0.4 && this.#offers.length > 0) return this.#withdraw()
    if (chance < 0.46 && this.#sent.length > 0) return this.#repeat()
    if (chance < 0.52 && this.#applications.length > 0) return this.#decide(pick(this.#random, this.#applications))
    return this.#decide(this.#apply())
  }

  #apply(): Application {
    const application: Application = {
      tenant: TENANT,
      applicationId: `${this.#name}-${++this.#serial}`,
      product: 'cash',
      amountMinor: 500_000 + 50_000 * Math.floor(this.#random() * 100),
      currency: 'NGN',
      term: { count: 30, unit: 'day' },
      purpose: 'consumption',
      facts: { birthYear: 1990, employment: 'permanent' },
      refs: { applicant: this.#name },
      consents: ['automated_decision']
    }
    this.#applications.push(application)
    return application
  }

  async #decide(application: Application): Promise<unknown> {
    const { stats, gateways } = this.#deps
    const crash = this.#random() < 0.2 ? pick(this.#random, CRASHES) : undefined
    const at = Math.floor(this.#random() * gateways.length)
    if (crash !== undefined) stats.crashes++
    try {
      const result = await (gateways[at] as Gateway).decide(application, this.#nowMs + at * SKEW_MS, crash)
      if (result.kind !== 'decided') return undefined
      stats.decisions++
      const isKnown = this.#answered.has(application.applicationId)
      this.#answered.set(application.applicationId, result.answer)
      const decision = JSON.parse(result.answer) as Decision
      if (decision.decision === 'REFER') stats.referred++
      if (decision.decision !== 'APPROVE' || isKnown) return undefined
      stats.approvals++
      const validUntilMs = Date.parse(decision.validUntil ?? '')
      const offer = pick(this.#random, decision.offers) as Offer
      this.#offers.push({
        decisionId: decision.decisionId,
        applicationId: application.applicationId,
        offer,
        validUntilMs
      })
      return result.replay ? undefined : 'approved'
    } catch {
      return undefined
    }
  }

  #takeOffer(): OpenOffer | undefined {
    const index = Math.floor(this.#random() * this.#offers.length)
    const [taken] = this.#offers.splice(index, 1)
    return taken !== undefined && taken.validUntilMs > this.#nowMs + SKEW_MS ? taken : undefined
  }

  async #payOut(): Promise<void> {
    const taken = this.#takeOffer()
    if (taken === undefined) return
    const loanId = `${this.#name}-loan-${++this.#serial}`
    this.#loans.push(loanId)
    const { decisionId, offer } = taken
    const share = this.#random() < 0.5 ? 1 : this.#random()
    const principalMinor = Math.max(1, Math.floor(offer.amountMinor * share))
    const told = this.#random() < 0.8 ? { principalMinor } : {}
    await this.#tell('loan.disbursed', { loanId, termDays: 30, decisionId, ...told })
  }

  async #repay(): Promise<void> {
    const amountMinor = Math.floor(this.#random() * 2_000_000)
    const told = this.#random() < 0.5 ? { principalMinor: Math.floor(amountMinor * 0.9) } : {}
    const payment = { loanId: pick(this.#random, this.#loans), instalmentNo: 1, dueAtMs: this.#nowMs, amountMinor }
    await this.#tell('repayment.received', { ...payment, ...told })
  }

  async #close(): Promise<void> {
    const [loanId] = this.#loans.splice(Math.floor(this.#random() * this.#loans.length), 1)
    if (this.#random() < 0.3) return this.#tell('loan.written_off', { loanId })
    await this.#tell('loan.closed', { loanId, disbursedAtMs: START_MS, dueAtMs: this.#nowMs })
  }

  async #withdraw(): Promise<void> {
    const taken = this.#takeOffer()
    if (taken !== undefined) await this.#tell('application.withdrawn', { applicationId: taken.applicationId })
  }

  async #repeat(): Promise<void> {
    this.#deps.stats.repeats++
    await this.#send(pick(this.#random, this.#sent))
  }

  #wildEvent(): AssayEvent {
    const loanId = `${this.#name}-wild-${1 + Math.floor(this.#random() * 2)}`
    const minor = (most: number) => 1 + Math.floor(this.#random() * most)
    const schedule = [{ dueDate: '2027-01-01', principalMinor: minor(1_000_000), interestMinor: minor(100_000) }]
    switch (Math.floor(this.#random() * 5)) {
      case 0:
        return this.#event('loan.disbursed', { loanId, termDays: 30, principalMinor: minor(2_000_000) })
      case 1:
        return this.#event('loan.disbursed', {
          loanId,
          termDays: 30,
          schedule,
          currency: pick(this.#random, ['NGN', 'CNY'])
        })
      case 2:
        return this.#event('repayment.returned', { loanId, amountMinor: minor(500_000) })
      case 3:
        return this.#event('loan.restructured', { loanId, schedule })
      default:
        return this.#event('repayment.received', { loanId, instalmentNo: 1, dueAtMs: 0, amountMinor: minor(1_000_000) })
    }
  }

  #event(type: EventType, data: object): AssayEvent {
    const eventId = `${this.#name}-e${++this.#serial}`
    return { eventId, type, occurredAtMs: this.#nowMs, tenant: TENANT, refs: { applicant: this.#name }, data }
  }

  async #tell(type: EventType, data: object): Promise<void> {
    const event = this.#event(type, data)
    if (this.#random() < 0.15) {
      this.#heldBack.push(event)
      return
    }
    await this.#send(event)
  }

  /** Until it is acknowledged, as a producer does; some are sent twice at once. */
  async #send(event: AssayEvent): Promise<void> {
    const { gateways, stats } = this.#deps
    stats.events++
    this.#sent.push(event)
    const times = this.#random() < 0.1 ? 2 : 1
    await Promise.all(
      Array.from({ length: times }, async () => {
        for (let tries = 0; tries < 20; tries++) {
          const gateway = pick(this.#random, gateways)
          try {
            await whenReady(gateway.redis, READY_MS)
            if ((await gateway.append(event)) !== 'full') return
          } catch {
            // The next try may be at another gateway.
          }
        }
        throw new Error('an event was never taken')
      })
    )
  }

  /** The connection of a gateway breaks while it works. */
  async #cut(): Promise<void> {
    const { gateways, control, stats } = this.#deps
    const gateway = pick(this.#random, gateways)
    await new Promise(setImmediate)
    const clients = String(await control.client('LIST'))
    const name = gateway.redis.options.connectionName
    const id = new RegExp(`^id=(\\d+) .* name=${name} `, 'm').exec(clients)?.[1]
    if (id === undefined) return
    stats.cut++
    await control.client('KILL', 'ID', id)
  }

  async check(mayExceed: boolean): Promise<string[]> {
    const { gateways, stats } = this.#deps
    await Promise.all(gateways.map(({ redis }) => whenReady(redis, READY_MS)))
    const { stored, decisions, log, acts } = await this.#readTruth()
    const expected = expectedExposure(decisions, log)
    const folded = foldExposure(acts)
    const found: string[] = []
    const lastMs = this.#nowMs + (gateways.length - 1) * SKEW_MS
    for (const atMs of [this.#nowMs, lastMs, lastMs + 9 * DAY_MS]) {
      const owed = owedIn(stored, 'NGN', atMs)
      const wanted = expected('NGN', atMs)
      stats.checks++
      if (owed.kind !== 'known' || owed.owedMinor !== wanted)
        found.push(`${JSON.stringify(owed)} is owed at ${atMs}, not ${wanted}: ${stored}`)
    }
    for (const atMs of [this.#nowMs, lastMs + 9 * DAY_MS]) {
      const { verdict, entries } = compareExposure(parseExposure(stored ?? '{}') ?? {}, folded, atMs)
      if (verdict !== 'same')
        found.push(`the fold differs in ${entries} at ${atMs}: ${JSON.stringify(folded)}, ${stored}`)
    }
    const owedMinor = expected('NGN', lastMs)
    if (owedMinor > LIMIT_MINOR && !mayExceed) found.push(`${owedMinor} is owed of ${LIMIT_MINOR}: ${stored}`)
    if (owedMinor > LIMIT_MINOR - 500_000) stats.full++
    for (const answer of this.#answered.values()) {
      const { decisionId } = JSON.parse(answer) as Decision
      if (!decisions.some((decision) => decision.decisionId === decisionId)) found.push(`${decisionId} is not stored`)
    }
    return found
  }

  async #readTruth() {
    const { control, keys } = this.#deps
    const partition = partitionOfText(this.#name)
    const outcomes = await Promise.all(
      this.#applications.map(({ applicationId }) => control.get(keys.application(partition, TENANT, applicationId)))
    )
    const ids = outcomes.flatMap((outcome) => (outcome?.startsWith('D') ? [outcome.slice(65)] : []))
    const values = await Promise.all(ids.map((id) => control.get(keys.decision(partition, TENANT, id))))
    const [stored, entries, ledger] = await Promise.all([
      control.get(keys.exposure(partition, TENANT, this.#name)),
      control.xrange(keys.log(partition), '-', '+'),
      control.xrange(keys.ledger(partition), '-', '+')
    ])
    const decisions = values.map((value) => JSON.parse((value ?? '').split('\n')[0] ?? '') as Decision)
    const events = entries.flatMap(([, [, json = '']]) => parseLogEvent(json) ?? [])
    const msOf = (id: string) => Number(id.split('-')[0])
    const acts: ExposureAct[] = ledger.flatMap(([id, [, decisionId]]) => {
      const decision = decisions.find((each) => each.decisionId === decisionId)
      const held = decision && heldDecisionOf(decision)
      return held === undefined ? [] : [{ kind: 'decision' as const, atMs: msOf(id), decision: held }]
    })
    for (const [id, [, json = '']] of entries) {
      const event = parseLogEvent(json)
      if (event === undefined || event.refs.applicant !== this.#name) continue
      const change = exposureChangeOf(event)
      if (change !== '') acts.push({ kind: 'event', atMs: msOf(id), eventId: event.eventId, change })
    }
    acts.sort((one, other) => one.atMs - other.atMs)
    return { stored, decisions, log: events.filter(({ refs }) => refs.applicant === this.#name), acts }
  }
}
