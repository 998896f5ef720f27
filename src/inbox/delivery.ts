import type { StreamEntry } from '../redis/group-reader.ts'

/** Tries of an entry, each a delivery of its own; what is not an event by then is a dead letter (reliability reference, P13). */
export const MAX_DELIVERIES = 5

export type Delivery = StreamEntry & {
  /** This one included. Left out where Redis does not list the entry as pending: it is the first. */
  readonly deliveries?: number
}

export function triesOf({ deliveries = 1 }: Delivery): number {
  return deliveries
}
