import type { Application } from '../../src/domain/application.ts'

/** Somebody of whom nothing is known asks for 10,000 naira in cash for thirty days: as the edge hands it on. */
export function cashApplication(changes: Partial<Application> = {}): Application {
  return {
    tenant: 't',
    applicationId: 'x',
    product: 'cash',
    amountMinor: 1_000_000,
    currency: 'NGN',
    term: { count: 30, unit: 'day' },
    purpose: 'consumption',
    facts: {},
    refs: { applicant: 'a' },
    consents: ['automated_decision'],
    ...changes
  }
}
