import { createRandom } from './random.ts'

const DAY_MS = 86_400_000
const START_MS = Date.parse('2026-01-01T08:00:00Z')
const PEOPLE = 24

export interface MadeUpHistory {
  readonly events: Record<string, unknown>[]
  readonly applications: Record<string, unknown>[]
}

/** Invented borrowers who share devices, addresses and cards, with loans paid early, late or not at all. */
export function madeUpHistory(seed: number): MadeUpHistory {
  const random = createRandom(seed)
  const between = (low: number, high: number) => low + Math.floor(random() * (high - low + 1))
  const events: Record<string, unknown>[] = []
  const applications: Record<string, unknown>[] = []
  for (let person = 0; person < PEOPLE; person++) {
    const who = {
      applicantId: `p${person}`,
      deviceId: `d${person % 5}`,
      ip: `10.0.${person % 3}.7`,
      phone: `+234 801 000 ${1000 + person}`,
      bankCard: `5399 8300 0000 ${1000 + (person % 7)}`
    }
    let atMs = START_MS + between(0, 20 * DAY_MS)
    for (let loan = 0; loan < between(0, 6); loan++) {
      const loanId = `l${person}-${loan}`
      const [termDays, amountMinor] = [[15, 30, 60][between(0, 2)] as number, between(20, 120) * 50_000]
      const disbursedAtMs = atMs + between(1, 5) * 3_600_000
      const dueAtMs = disbursedAtMs + termDays * DAY_MS
      const closedAtMs = dueAtMs + between(-5, 12) * DAY_MS
      const say = (type: string, occurredAtMs: number, data: object, more: object = {}) =>
        events.push({ eventId: `${loanId}.${type}`, type, occurredAtMs, applicantId: who.applicantId, ...more, data })
      say('application.submitted', atMs, { applicationId: loanId, product: 'cash', amountMinor, termDays }, who)
      say('loan.disbursed', disbursedAtMs, { loanId, principalMinor: amountMinor, termDays })
      say('repayment.received', closedAtMs - 3_600_000, { loanId, instalmentNo: 1, dueAtMs, amountMinor })
      say('loan.closed', closedAtMs, { loanId, disbursedAtMs, dueAtMs })
      atMs = closedAtMs + between(0, 20) * DAY_MS
    }
    const { applicantId, deviceId, ip, phone, bankCard } = who
    applications.push({
      applicationId: `a${person}`,
      applicantId,
      product: 'cash',
      amountMinor: between(20, 100) * 50_000,
      currency: 'NGN',
      term: { count: 30, unit: 'day' },
      purpose: 'other',
      applicant: person % 4 === 0 ? {} : { birthYear: 1980 + (person % 20) },
      identity: { phone, bankCard },
      device: { deviceId, ip },
      consents: ['automated_decision'],
      asOf: atMs,
      outcome: random() < 0.3 ? 'bad' : 'good'
    })
  }
  const byTime = (left: Record<string, unknown>, right: Record<string, unknown>) =>
    Number(left.occurredAtMs ?? left.asOf) - Number(right.occurredAtMs ?? right.asOf)
  return { events: events.sort(byTime), applications: applications.sort(byTime) }
}
