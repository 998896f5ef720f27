import { createChance } from '../load-tests/simulator/chance.ts'
import { ItemQueue } from '../load-tests/simulator/item-queue.ts'
import { DAY_MS, HOUR_MS } from '../load-tests/simulator/world.ts'
import type { Decision } from '../src/domain/decision.ts'
import type { EventInput } from '../src/domain/event.ts'
import type { OutcomeInput } from '../src/outcomes/outcome.ts'
import { afterApproval, type Sequel } from './borrower.ts'
import type { DemoClock } from './clock.ts'
import { createReviewers } from './reviewers.ts'
import type { DemoService } from './service.ts'
import type { Shifts } from './shifts.ts'
import { createTally, type DecisionSummary } from './tally.ts'
import { type DemoApplication, type Happening, type WorldOptions, world } from './world.ts'

export interface YearOptions extends WorldOptions {
  readonly service: DemoService
  readonly clock: Pick<DemoClock, 'advanceTo'>
  readonly shifts: Pick<Shifts, 'rest' | 'work'>
  /** The people who answer for the portfolio, after the guard has looked. */
  readonly riskDesk: (nowMs: number) => Promise<void>
  readonly signal: AbortSignal
  readonly onDay: (day: number, soFar: DecisionSummary) => void
}

export interface Year {
  readonly decisions: DecisionSummary
  /** Of all loans that were paid out. */
  readonly loanIds: readonly string[]
  readonly events: number
}

/** Front-ends that lost an answer and send the application again. */
const RESENDS_SHARE = 0.02
/** Declined borrowers who ask for a person. */
const ASKS_SHARE = 0.08
/** The whole portfolio is read: that takes its time. */
const GUARD_EVERY_DAYS = 14
/** In UTC: inside the hours of contact in Lagos and Shanghai, and after what is due in the morning. */
const SHIFT_HOUR = 12

/**
 * Lives the year: one thing after the other, each at its own instant of the demo’s clock, so that a slow machine changes
 * nothing of what is decided. Once a day the monitor does what has come due since, and after it the reviewers do their work.
 */
export async function liveYear(options: YearOptions): Promise<Year> {
  const { seed, days, startMs, service, clock, shifts: monitor, riskDesk, signal, onDay } = options
  const tally = createTally()
  const applications = new Map<string, DemoApplication>()
  const loanIds: string[] = []
  const agenda = new ItemQueue<Happening | Sequel>()
  let events: EventInput[] = []
  let outcomes: OutcomeInput[] = []
  let told = 0

  /** Tells what has happened by now; the next decision sees it. */
  const flush = async (): Promise<void> => {
    if (events.length > 0) await service.tell(events)
    told += events.length
    events = []
  }
  /** Nothing is decided by outcomes. */
  const flushOutcomes = async (): Promise<void> => {
    if (outcomes.length > 0) await service.post(outcomes)
    outcomes = []
  }
  const follow = (application: DemoApplication, decision: Decision, atMs: number): void => {
    tally.decided(application, decision)
    if (decision.decision !== 'APPROVE') return
    for (const sequel of afterApproval(seed, application, decision, atMs)) agenda.put(sequel)
  }
  const apply = async (application: DemoApplication): Promise<void> => {
    const { request, atMs, truth } = application
    await flush()
    const decision = await service.decide(request)
    applications.set(request.applicationId, application)
    follow(application, decision, atMs)
    const chance = createChance(seed, `front-end ${request.applicationId}`)
    if (chance.is(RESENDS_SHARE) && (await service.decide(request)).decisionId !== decision.decisionId)
      throw new Error(`${request.applicationId} was decided twice`)
    const asks = chance.is(ASKS_SHARE)
    if (decision.decision === 'DECLINE' && !truth.isFraud && asks) await service.askForReview(decision.decisionId)
  }
  const take = async (item: Happening | Sequel): Promise<void> => {
    clock.advanceTo(item.atMs)
    if (item.kind === 'application') return apply(item)
    if (item.kind === 'outcome') {
      tally.outcome(item.outcome)
      outcomes.push(item.outcome)
      return
    }
    events.push(item.event)
    if (item.event.type !== 'loan.disbursed') return
    const { loanId } = item.event.data as { loanId: string }
    loanIds.push(loanId)
    const application = applications.get(loanId.slice('loan-'.length))
    if (application !== undefined) tally.disbursed(application)
  }
  const review = createReviewers({
    seed,
    service,
    applicationOf: (applicationId) => applications.get(applicationId),
    onDecided: (application, decision) => follow(application, decision, Date.parse(decision.decidedAt))
  })

  const happenings = world(options)
  let ahead = happenings.next()
  await monitor.rest()
  for (const { day, atMs } of shiftsOf(startMs, days)) {
    signal.throwIfAborted()
    for (; !ahead.done && ahead.value.atMs < atMs; ahead = happenings.next()) agenda.put(ahead.value)
    for (let item = agenda.takeBefore(atMs); item !== undefined; item = agenda.takeBefore(atMs)) await take(item)
    await Promise.all([flush(), flushOutcomes()])
    clock.advanceTo(atMs)
    const isWhole = day !== undefined && day % GUARD_EVERY_DAYS === 0
    await monitor.work(isWhole)
    if (isWhole) await riskDesk(atMs)
    if (day === undefined) continue
    // What came last is left for whoever looks at the queue.
    if (day < days) await review(atMs)
    onDay(day, tally.summary())
  }
  return { decisions: tally.summary(), loanIds, events: told }
}

interface Shift {
  readonly atMs: number
  /** Which day it ends, from 1; undefined for what is left behind the last. */
  readonly day: number | undefined
}

function* shiftsOf(startMs: number, days: number): Generator<Shift> {
  for (let day = 0; day < days; day++) yield { atMs: startMs + day * DAY_MS + SHIFT_HOUR * HOUR_MS, day: day + 1 }
  yield { atMs: startMs + days * DAY_MS, day: undefined }
}
