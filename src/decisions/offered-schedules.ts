import { compileCheck } from '../domain/check.ts'
import { DecisionSchema, type Offer } from '../domain/decision.ts'
import type { AssayEvent } from '../domain/event.ts'
import type { LoanEventData } from '../domain/loan-event.ts'
import type { AppendOutcome, BehaviourStore } from '../features/behaviour-store.ts'
import type { DecisionStore } from './store.ts'

type Disbursal = LoanEventData<'loan.disbursed'>

const OFFER_ID = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-\d+$/
const checkDecision = compileCheck(DecisionSchema)

/**
 * A BehaviourStore that writes the schedule of the accepted offer into a loan.disbursed that names the offer, or a decision with
 * one offer, and tells no schedule: so the log tells the whole loan, for longer than decisions are kept. An offer of another
 * amount than was paid out, or a decision that is not there, fills in nothing.
 */
export function withOfferedSchedules(
  behaviour: BehaviourStore,
  decisions: Pick<DecisionStore, 'read'>
): BehaviourStore {
  const fill = async (event: AssayEvent): Promise<AssayEvent> => {
    const data = event.data as Disbursal
    const decisionId = decisionIdOf(data)
    const stored = decisionId === undefined ? undefined : await decisions.read(event.tenant, decisionId)
    const offer = stored === undefined ? undefined : offerOf(stored.answer, data)
    if (offer === undefined) return event
    const schedule = offer.schedule.map(({ dueDate, principalMinor, interestMinor }) => ({
      dueDate,
      principalMinor,
      interestMinor
    }))
    return { ...event, data: { ...data, currency: data.currency ?? offer.currency, schedule } }
  }

  return {
    append: async (event) => behaviour.append(wants(event) ? await fill(event) : event),
    appendAll: async (events) => {
      if (!events.some(wants)) return behaviour.appendAll(events)
      const filled = await Promise.allSettled(events.map((event) => (wants(event) ? fill(event) : event)))
      const ready = filled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      const appended = (await behaviour.appendAll(ready)).values()
      return filled.map((each) =>
        each.status === 'rejected' ? each : (appended.next().value as PromiseSettledResult<AppendOutcome>)
      )
    }
  }
}

function wants({ type, data }: AssayEvent): boolean {
  if (type !== 'loan.disbursed') return false
  const { schedule } = data as Disbursal
  return schedule === undefined && decisionIdOf(data as Disbursal) !== undefined
}

function decisionIdOf({ decisionId, offerId }: Disbursal): string | undefined {
  return decisionId ?? OFFER_ID.exec(offerId ?? '')?.[1]
}

function offerOf(answer: string, { offerId, principalMinor }: Disbursal): Offer | undefined {
  const decision = checkDecision(JSON.parse(answer))
  if (!decision.ok) return undefined
  const { offers } = decision.value
  const offer =
    offerId === undefined
      ? offers.length === 1
        ? offers[0]
        : undefined
      : offers.find((each) => each.offerId === offerId)
  return principalMinor === undefined || principalMinor === offer?.amountMinor ? offer : undefined
}
