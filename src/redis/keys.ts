import { ENTITY_KINDS, type EntityKind } from '../domain/event.ts'

/** Fixed when Redis is first filled: every key of an applicant carries the tag of its partition. */
export const PARTITIONS = 64

const KIND_LETTER: { readonly [K in EntityKind]: string } = {
  applicant: 'a',
  device: 'd',
  ip: 'i',
  phone: 'p',
  card: 'c'
}

/** The kind of entity that a key made by `keys.entity` names; throws on any other key. */
export function entityKindOf(entityKey: string): EntityKind {
  const letter = /:entity:([a-z]):/.exec(entityKey)?.[1]
  for (const kind of ENTITY_KINDS) if (KIND_LETTER[kind] === letter) return kind
  throw new Error('the key names no entity')
}

/** FNV-1a over ASCII; spreads tokens and ids over the partitions. */
export function partitionOfText(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return ((hash ^ (hash >>> 15)) >>> 0) % PARTITIONS
}

/**
 * Every key and stream name, and nowhere else. The prefix keeps installations (and parallel tests) apart; the hash tag
 * `{pNN}` keeps what belongs to one applicant on one node of a cluster. Tokens are keyed hashes: no key holds a
 * person’s identifier.
 */
export function createKeys(prefix: string) {
  const tags = Array.from(
    { length: PARTITIONS },
    (_, partition) => `${prefix}:{p${String(partition).padStart(2, '0')}}`
  )
  const tag = (partition: number): string => tags[partition] as string
  return {
    prefix,
    /** Stream: every event of the partition’s applicants, the only truth. */
    log: (partition: number) => `${tag(partition)}:log`,
    /** Stream: entities that have enough unfolded bytes to be folded. */
    due: (partition: number) => `${tag(partition)}:due`,
    /** String: the fold of an entity’s events (its profile), then the records appended since (its tail). */
    entity: (kind: EntityKind, token: string) => `${tag(partitionOfText(token))}:entity:${KIND_LETTER[kind]}:${token}`,
    /** Pattern of the keys of all entities of some kinds, for SCAN. */
    entityPattern: (kinds: readonly EntityKind[]) =>
      `${prefix}:{p??}:entity:[${kinds.map((kind) => KIND_LETTER[kind]).join('')}]:*`,
    /** String: claim or outcome of one application. */
    application: (partition: number, tenant: string, applicationId: string) =>
      `${tag(partition)}:application:${tenant}:${applicationId}`,
    /** String: fingerprint that an Idempotency-Key stands for. */
    idempotency: (tenant: string, digest: string) => `${tag(partitionOfText(digest))}:idempotency:${tenant}:${digest}`,
    /** String: the answer, a line feed, the record. */
    decision: (partition: number, tenant: string, decisionId: string) =>
      `${tag(partition)}:decision:${tenant}:${decisionId}`,
    /** String: what an applicant owes or was offered (domain/exposure.ts). */
    exposure: (partition: number, tenant: string, token: string) => `${tag(partition)}:exposure:${tenant}:${token}`,
    /** Pattern of the keys of all exposures, for SCAN. */
    exposurePattern: () => `${prefix}:{p??}:exposure:*`,
    /** String: how an applicant stands by reviews and warnings (domain/standing.ts). */
    standing: (partition: number, tenant: string, token: string) => `${tag(partition)}:standing:${tenant}:${token}`,
    /** Set: the events of a loan. */
    loan: (partition: number, tenant: string, loanId: string) => `${tag(partition)}:loan:${tenant}:${loanId}`,
    /** Set: ids of an applicant’s loans. */
    applicantLoans: (partition: number, tenant: string, token: string) =>
      `${tag(partition)}:applicant-loans:${tenant}:${token}`,
    /** Pattern of the keys of all applicants with loans, for SCAN. */
    applicantLoansPattern: () => `${prefix}:{p??}:applicant-loans:*`,
    /** Set: everybody of the partition with a loan that was looked at. */
    borrowers: (partition: number) => `${tag(partition)}:borrowers`,
    /** String: those sets are whole. */
    borrowersListed: () => `${prefix}:borrowers-listed`,
    /** Set: token of the applicant under whom a loan lies. */
    loanPlace: (tenant: string, loanId: string) => `${tag(partitionOfText(loanId))}:loan-place:${tenant}:${loanId}`,
    /** Sorted set: loans of the partition by when they are to be looked at. */
    loansDue: (partition: number) => `${tag(partition)}:loans-due`,
    /** Sorted set: approvals of the partition whose offers are watched, by when they are to be looked at. */
    offersDue: (partition: number) => `${tag(partition)}:offers-due`,
    /** String: what became of a decision: good or bad, when that was observed, who said so. */
    outcome: (partition: number, tenant: string, decisionId: string) =>
      `${tag(partition)}:outcome:${tenant}:${decisionId}`,
    /** Hash: what became of the partition’s decisions, counted by model and probability. */
    calibration: (partition: number) => `${tag(partition)}:calibration`,
    /** Stream: what decisions must still set off. */
    outbox: (partition: number) => `${tag(partition)}:outbox`,
    /** Stream: id and digest of every decision, in order of commit. */
    ledger: (partition: number) => `${tag(partition)}:ledger`,
    /** String: what a job has already done. */
    effect: (partition: number, name: string) => `${tag(partition)}:effect:${name}`,
    /** String: how often a check of a loan was taken over from another worker. */
    fence: (partition: number, name: string) => `${tag(partition)}:fence:${name}`,
    /** String: how often a person was contacted on a day of theirs. */
    contacts: (partition: number, tenant: string, token: string, date: string) =>
      `${tag(partition)}:contacts:${tenant}:${token}:${date}`,
    /** Hash: tables of the portfolio by day or month. */
    portfolioTable: (name: 'stages' | 'months' | 'months-now') => `${prefix}:portfolio:${name}`,
    /** Hash: checks of loans that were given up, and when. */
    monitoringGaps: () => `${prefix}:monitoring-gaps`,
    /** Stream: what somebody must be told, such as a due reminder. */
    notices: (partition: number) => `${tag(partition)}:notices`,
    /** Stream: events of producers that write to Redis themselves; an entry is deleted once it is handled. */
    inbox: () => `${prefix}:{in}:inbox`,
    /** Stream: what could not become an event, for a person to correct. */
    deadLetters: () => `${prefix}:{in}:deadletter`,
    /** Stream of what a shadow model would have decided. */
    shadow: () => `${prefix}:shadow`,
    /** Stream of what a candidate policy would have decided. */
    policyShadow: () => `${prefix}:policy-shadow`,
    /** Hash: a decision that a person is to look at; fields in lua/70-reviews.lua. */
    review: (partition: number, tenant: string, decisionId: string) =>
      `${tag(partition)}:review:${tenant}:${decisionId}`,
    /** Sorted set: a tenant’s open reviews of the partition, by when they are due. */
    openReviews: (partition: number, tenant: string) => `${tag(partition)}:reviews:${tenant}`,
    /** Sorted set: a tenant’s finished reviews of the partition, by when they were finished. */
    doneReviews: (partition: number, tenant: string) => `${tag(partition)}:reviewed:${tenant}`,
    /** List: the decisions of an application that has more than one, in order. */
    rounds: (partition: number, tenant: string, applicationId: string) =>
      `${tag(partition)}:rounds:${tenant}:${applicationId}`,
    /** Pattern of a tenant’s decisions in a partition, for SCAN. */
    decisionPattern: (partition: number, tenant: string) => `${tag(partition)}:decision:${tenant}:*`,
    /** Pattern of all decisions, for SCAN. */
    decisionsPattern: () => `${prefix}:{p??}:decision:*`,
    /** String: how far a replay has come. */
    replay: () => `${prefix}:replay`,
    /** Hash: a partner’s webhook endpoints by id, secrets encrypted. */
    webhookEndpoints: (tenant: string) => `${prefix}:{wh}:endpoints:${tenant}`,
    /** Hash: since when an endpoint is not told any more, by its id. */
    webhookDisabled: (tenant: string) => `${prefix}:{wh}:disabled:${tenant}`,
    /** Set: partners that have or had an endpoint. */
    webhookTenants: () => `${prefix}:{wh}:tenants`,
    /** Sorted set: deliveries that were given up, by when. */
    webhookDead: (tenant: string) => `${prefix}:{wh}:dead:${tenant}`,
    /** Hash: why a delivery was given up, by its id. */
    webhookDeadLetters: (tenant: string) => `${prefix}:{wh}:dead-letters:${tenant}`,
    /** Hash: an event that a partner is told, and its sequence. */
    webhookEvent: (tenant: string, eventId: string) => `${prefix}:{wh}:event:${tenant}:${eventId}`,
    /** String: how many events there were of one aggregate. */
    webhookSequence: (tenant: string, aggregateId: string) => `${prefix}:{wh}:sequence:${tenant}:${aggregateId}`,
    /** Stream: events to be delivered, and deliveries to be sent again. */
    webhookOutbox: () => `${prefix}:{wh}:outbox`,
    /** Hash: how far the log of each partition was read for early warnings. */
    warningPositions: () => `${prefix}:warning-positions`,
    /** Hash: the state of the portfolio guard and its version. */
    guardState: () => `${prefix}:{guard}:state`,
    /** Stream: what the guard did and who released it. */
    guardHistory: () => `${prefix}:{guard}:history`,
    /** Hash: sums of the decisions of one hour, by process. */
    guardSums: (hour: number) => `${prefix}:{guard}:sums:${hour}`,
    /** String: what the loan book came to when it was last added up. */
    guardLoanFigures: () => `${prefix}:{guard}:loans`,
    /** Hash: partner keys by key id, secrets as digests. */
    partnerKeys: () => `${prefix}:partner-keys`,
    /** Prefix of BullMQ’s own keys; the tag keeps a queue on one node. */
    jobs: () => `{${prefix}:jobs}`
  }
}

export type Keys = ReturnType<typeof createKeys>
