import type { EventInput } from '../../src/domain/event.ts'

const DAY_MS = 86_400_000
const LIFETIME = Number.POSITIVE_INFINITY

interface DeviceKnown {
  readonly applications: { readonly applicantId: string; readonly atMs: number }[]
}

/** What was acknowledged of one applicant, kept as plain lists: the other side of every comparison. */
export interface Known {
  readonly acknowledge: (event: EventInput) => void
  /** The application that is decided as of `asOfMs` counts in its own decision. */
  readonly apply: (applicantId: string, asOfMs: number) => void
  /** What the features of a decision as of `asOfMs` must be; NaN is missing. */
  readonly expected: (asOfMs: number) => Readonly<Record<string, number>>
}

export function createKnown(device: DeviceKnown): Known {
  const events: EventInput[] = []
  const applications: number[] = []

  return {
    acknowledge: (event) => void events.push(event),
    apply: (applicantId, atMs) => {
      applications.push(atMs)
      device.applications.push({ applicantId, atMs })
    },
    expected: (asOfMs) => {
      const within = (timeMs: number, windowMs: number) => timeMs > asOfMs - windowMs
      const since = (atMs: readonly number[], windowMs: number) => atMs.filter((each) => within(each, windowMs)).length
      const of = (type: EventInput['type'], windowMs: number) =>
        events.filter((event) => event.type === type && within(event.occurredAtMs, windowMs))
      const count = (type: EventInput['type'], windowMs: number) => of(type, windowMs).length
      const amounts = (type: EventInput['type'], field: string, windowMs = LIFETIME) =>
        of(type, windowMs)
          .sort((left, right) => left.occurredAtMs - right.occurredAtMs)
          .map(({ data }) => (data as Record<string, number>)[field] as number)
      const principals = amounts('loan.disbursed', 'principalMinor')
      const lags = of('repayment.received', LIFETIME).map(
        ({ occurredAtMs, data }) => occurredAtMs - (data as { dueAtMs: number }).dueAtMs
      )
      const deviceTimes = device.applications.map(({ atMs }) => atMs)
      return {
        'applicant.applications_24h': since(applications, DAY_MS),
        'applicant.applications_90d': since(applications, 90 * DAY_MS),
        'device.applications_24h': since(deviceTimes, DAY_MS),
        'device.applications_7d': since(deviceTimes, 7 * DAY_MS),
        'device.applicants_30d': new Set(device.applications.map(({ applicantId }) => applicantId)).size,
        'applicant.logins_24h': count('auth.login', DAY_MS),
        'applicant.login_failures_24h': count('auth.login_failed', DAY_MS),
        'applicant.repayments_lifetime': count('repayment.received', LIFETIME),
        'applicant.loans_lifetime': count('loan.disbursed', LIFETIME),
        'applicant.loans_90d': count('loan.disbursed', 90 * DAY_MS),
        'applicant.orders_180d': count('order.paid', 180 * DAY_MS),
        'applicant.principal_last': principals.at(-1) ?? Number.NaN,
        'applicant.principal_mean': mean(principals),
        'applicant.principal_max': principals.length === 0 ? Number.NaN : Math.max(...principals),
        'applicant.order_amount_mean_360d': mean(amounts('order.paid', 'amountMinor', 360 * DAY_MS)),
        'applicant.limit_last_minor': amounts('limit.changed', 'limitMinor').at(-1) ?? Number.NaN,
        'applicant.repayment_lag_mean_days': mean(lags) / DAY_MS,
        'applicant.repayment_lag_max_days': lags.length === 0 ? Number.NaN : Math.max(...lags) / DAY_MS
      }
    }
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
