import type { ApplicantFacts, DecisionRequest } from '../domain/application.ts'
import type { EventInput } from '../domain/event.ts'
import { byTime } from '../features/offline.ts'
import { findTable, type Row, readTable, type Table } from './csv.ts'
import type { PastRequest } from './history-files.ts'
import { byAsOf, type Imported } from './import-source.ts'
import { oneOf, readAmountMinor, readId, readTime, wholeBetween } from './readings.ts'

const DAY_MS = 86_400_000
const LAGOS_AHEAD_MS = 3_600_000
const readLagosTime = (text: string): number => readTime(text) - LAGOS_AHEAD_MS
const readTermDays = wholeBetween(1, 3650)
const readBirthYear = wholeBetween(1900, 2100)

const OUTCOMES = oneOf({ Good: 'good', Bad: 'bad' } as const)
const EMPLOYMENTS = oneOf({
  Permanent: 'permanent',
  Contract: 'contract',
  'Self-Employed': 'self_employed',
  Student: 'student',
  Unemployed: 'unemployed',
  Retired: 'retired'
} as const)
const EDUCATIONS = oneOf({
  Primary: 'primary',
  Secondary: 'secondary',
  Graduate: 'graduate',
  'Post-Graduate': 'postgraduate'
} as const)
const BANK_ACCOUNTS = oneOf({ Savings: 'savings', Current: 'current', Other: 'other' } as const)

/**
 * Reads the tables of SuperLender in a folder: applications and previous_loans, and demographics where there is such a
 * file. Times name no zone: creationdate is UTC and everything else is Lagos time, an hour ahead. In every row approval
 * comes an hour and some seconds after creation, and closes that led to the next application lie up to an hour “after” it.
 *
 * Of a loan’s life the tables tell four moments, which become four events. A loan that is not closed or repaid yet has
 * empty cells there and so fewer events. Only the first instalment is dated.
 */
export async function importSuperlender(folder: string): Promise<Imported> {
  let repeatedRows = 0
  const onRepeat = () => {
    repeatedRows++
  }
  const facts = await readDemographics(folder, onRepeat)
  const applications: PastRequest[] = []
  let withoutDemographics = 0
  for await (const row of readTable(folder, APPLICATIONS, onRepeat)) {
    const known = facts.get(row.read('customerid', readId))
    if (known === undefined) withoutDemographics++
    applications.push(toApplication(row, known ?? {}))
  }
  const events: EventInput[] = []
  for await (const row of readTable(folder, LOANS, onRepeat)) events.push(...toEvents(row))
  events.sort(byTime)
  applications.sort(byAsOf)
  const timesTakenAs = 'creationdate UTC, others UTC+1'
  return { events, applications, counts: { withoutDemographics, repeatedRows }, timesTakenAs }
}

const COLUMNS = ['customerid', 'systemloanid', 'creationdate', 'loanamount', 'termdays']
const APPLICATIONS: Table = { name: 'applications', columns: COLUMNS, key: ['systemloanid'] }
const LOANS: Table = {
  name: 'previous_loans',
  columns: [...COLUMNS, 'approveddate', 'closeddate', 'firstduedate', 'firstrepaiddate'],
  key: ['systemloanid']
}
const DEMOGRAPHICS: Table = { name: 'demographics', columns: ['customerid'], key: ['customerid'] }

async function readDemographics(folder: string, onRepeat: () => void): Promise<Map<string, ApplicantFacts>> {
  const facts = new Map<string, ApplicantFacts>()
  if (findTable(folder, DEMOGRAPHICS.name) === undefined) return facts
  for await (const row of readTable(folder, DEMOGRAPHICS, onRepeat)) {
    const birthYear = row.readOptional('birthyear', readBirthYear)
    const employment = row.readOptional('employment_status_clients', EMPLOYMENTS)
    const education = row.readOptional('level_of_education_clients', EDUCATIONS)
    const bankAccountType = row.readOptional('bank_account_type', BANK_ACCOUNTS)
    facts.set(row.read('customerid', readId), {
      ...(birthYear !== undefined && { birthYear }),
      ...(employment !== undefined && { employment }),
      ...(education !== undefined && { education }),
      ...(bankAccountType !== undefined && { bankAccountType })
    })
  }
  return facts
}

function toApplication(row: Row, applicant: ApplicantFacts): PastRequest {
  const request: DecisionRequest = {
    applicationId: row.read('systemloanid', readId),
    applicantId: row.read('customerid', readId),
    product: 'cash',
    amountMinor: row.read('loanamount', readAmountMinor),
    currency: 'NGN',
    term: { count: row.read('termdays', readTermDays), unit: 'day' },
    purpose: 'other',
    applicant,
    consents: ['automated_decision']
  }
  const asOf = row.read('creationdate', readTime)
  const outcome = row.readOptional('good_bad_flag', OUTCOMES)
  return { ...request, asOf, ...(outcome !== undefined && { outcome }) }
}

function toEvents(row: Row): EventInput[] {
  const applicantId = row.read('customerid', readId)
  const loanId = row.read('systemloanid', readId)
  const termDays = row.read('termdays', readTermDays)
  // A few rows do not say how much: the loan happened all the same, with an amount that nobody knows.
  const amountMinor = row.readOptional('loanamount', readAmountMinor)
  const submittedAtMs = row.read('creationdate', readTime)
  const disbursedAtMs = row.read('approveddate', readLagosTime)
  const closedAtMs = row.readOptional('closeddate', readLagosTime)
  const repaidAtMs = row.readOptional('firstrepaiddate', readLagosTime)
  const event = (type: EventInput['type'], occurredAtMs: number, data: object): EventInput => ({
    eventId: `${loanId}.${type}`,
    type,
    occurredAtMs,
    applicantId,
    data
  })
  const events = [
    event('application.submitted', submittedAtMs, {
      applicationId: loanId,
      product: 'cash',
      termDays,
      ...(amountMinor !== undefined && { amountMinor })
    }),
    event('loan.disbursed', disbursedAtMs, {
      loanId,
      termDays,
      ...(amountMinor !== undefined && { principalMinor: amountMinor })
    })
  ]
  if (repaidAtMs !== undefined) {
    const dueAtMs = row.read('firstduedate', readLagosTime)
    events.push(event('repayment.received', repaidAtMs, { loanId, instalmentNo: 1, dueAtMs }))
  }
  if (closedAtMs !== undefined) {
    const dueAtMs = disbursedAtMs + termDays * DAY_MS
    events.push(event('loan.closed', closedAtMs, { loanId, disbursedAtMs, dueAtMs }))
  }
  return events
}
