import { createHash } from 'node:crypto'
import type { Application } from '../domain/application.ts'
import type { AssayEvent } from '../domain/event.ts'
import type { AppendOutcome } from '../features/behaviour-store.ts'
import type { FeatureSet } from '../features/vector.ts'
import { loanAsOf } from '../loans/fold-loan.ts'
import { isRunning, type Loan } from '../loans/loan-schema.ts'
import type { LoanStore, StoredLoan } from '../loans/loan-store.ts'
import { changesOf, type StandingWarning, type WarningChange } from './assess.ts'
import { outcomeOf, type WarnedOutcome } from './outcome.ts'
import { type Level, WARNING_RULES, type WarningRule } from './rules.ts'
import { type SignalsInput, signalsOf } from './signals.ts'

/** Of one person; more are a mistake of their producer. */
const MAX_LOANS = 200

export interface Person {
  readonly tenant: string
  readonly applicantToken: string
}

export interface ScanDeps {
  readonly loans: Pick<LoanStore, 'listByApplicant'>
  /** The stored behaviour of the applicant; null for none. */
  readonly readBehaviour: (applicantToken: string) => Promise<Buffer | null>
  readonly featureSet: FeatureSet
  readonly rules?: readonly WarningRule[]
  /** Probabilities by the models that know such a borrower. Never rejects: a model that does not answer says nothing. */
  readonly score: (loan: Application, values: Float64Array) => Promise<NonNullable<SignalsInput['pd']>>
  readonly append: (event: AssayEvent) => Promise<AppendOutcome>
  readonly nowMs: () => number
  readonly onWarned: (level: Level, rule: string) => void
  /** True the first time that a loan’s outcome is looked at, whoever asks. */
  readonly isFirstOutcome: (person: Person, loanId: string) => Promise<boolean>
  readonly onOutcome: (outcome: WarnedOutcome) => void
}

export type ScanPerson = (person: Person, withModels: boolean) => Promise<number>

/**
 * Looks at the loans of one person for signs of trouble and tells new warnings as events of the loan, where the loan book, the
 * limit watch and a replay find them. Looking twice is harmless: what is in force is told once, and two who look at the same
 * loan at once give their events the same id.
 *
 * @returns how many warnings were told
 */
export function createScanPerson(deps: ScanDeps): ScanPerson {
  const { loans, nowMs } = deps
  return async (person, withModels) => {
    const stored = await loans.listByApplicant(person.tenant, person.applicantToken, { limit: MAX_LOANS })
    const atMs = nowMs()
    const looked = stored.flatMap((each) => {
      const loan = loanAsOf(each.history, atMs)
      return loan === undefined ? [] : [{ stored: each, loan }]
    })
    let told = 0
    const running = looked.filter(({ loan }) => isRunning(loan))
    if (running.length > 0) {
      const behaviour = await deps.readBehaviour(person.applicantToken)
      for (const each of running) told += await scanLoan(deps, person, { ...each, behaviour, withModels })
    }
    for (const { stored: each, loan } of looked) {
      const outcome = outcomeOf(loan, each.history.events)
      if (outcome !== undefined && (await deps.isFirstOutcome(person, loan.loanId))) deps.onOutcome(outcome)
    }
    return told
  }
}

interface Looked {
  readonly stored: StoredLoan
  readonly loan: Loan
  readonly behaviour: Buffer | null
  readonly withModels: boolean
}

async function scanLoan(deps: ScanDeps, person: Person, { stored, loan, behaviour, withModels }: Looked) {
  const { featureSet, rules = WARNING_RULES, append, onWarned } = deps
  const application = applicationOf(person, loan)
  const values = valuesOf(featureSet, application, behaviour, loan.asOfMs)
  // Of whom a model does not know product and currency, it says nothing.
  const isKnown = loan.product !== null && loan.currency !== null
  const pd = withModels && isKnown ? await deps.score(application, values) : {}
  const signals = signalsOf({ names: featureSet.names, values, loan: { loan, events: stored.history.events }, pd })
  let told = 0
  for (const change of changesOf(rules, signals, standingOf(loan), loan.asOfMs)) {
    const outcome = await append(warnedEvent(person, loan, stored.version, change))
    // A full entity takes it after its next fold: the next look tells it.
    if (outcome === 'full') continue
    told++
    if (change.kind === 'raised') onWarned(change.level, change.rule)
  }
  return told
}

/** What is known of the loan as if it were asked for now: amount, term, product and currency are its own. */
function applicationOf({ tenant, applicantToken }: Person, loan: Loan): Application {
  const { loanId, principalMinor, disbursedAtMs, schedule, product, currency } = loan
  const lastDueMs = Date.parse(`${schedule.at(-1)?.dueDate}T00:00:00Z`)
  return {
    tenant,
    applicationId: loanId,
    product: product ?? 'cash',
    amountMinor: principalMinor ?? Number.NaN,
    currency: currency ?? 'USD',
    term: { count: Math.max(1, Math.round((lastDueMs - disbursedAtMs) / 86_400_000)), unit: 'day' },
    purpose: 'other',
    facts: {},
    refs: { applicant: applicantToken },
    consents: []
  }
}

/** Behaviour that cannot be folded says nothing: the loan itself still warns. */
function valuesOf(featureSet: FeatureSet, application: Application, behaviour: Buffer | null, nowMs: number) {
  try {
    return featureSet.compute(application, [{ profile: behaviour, tail: null }, null, null, null, null], nowMs).values
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return new Float64Array(featureSet.names.length).fill(Number.NaN)
  }
}

function standingOf({ warnings }: Loan): StandingWarning[] {
  return warnings.flatMap(({ rule, level, raisedAtMs, expiresAtMs }) =>
    level === 'none' ? [] : [{ rule, level, raisedAtMs, expiresAtMs: expiresAtMs ?? Number.POSITIVE_INFINITY }]
  )
}

/** Named after the loan as it was read: whoever read the same tells the same. */
function warnedEvent(
  { tenant, applicantToken }: Person,
  { loanId }: Loan,
  version: number,
  { rule, ruleVersion, level, raisedAtMs, expiresAtMs, evidence }: WarningChange
): AssayEvent {
  const name = createHash('sha256').update(`${tenant} ${loanId} ${rule} ${level} ${version}`).digest('hex')
  return {
    eventId: `warned-${name.slice(0, 32)}`,
    type: 'loan.warned',
    occurredAtMs: raisedAtMs,
    tenant,
    refs: { applicant: applicantToken },
    data: { loanId, rule, ruleVersion, level, expiresAtMs, evidence }
  }
}
