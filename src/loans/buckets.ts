/** Days past due in months of thirty days, as lenders report them (domain reference, section 4). */
export const BUCKETS = ['M0', 'M1', 'M2', 'M3', 'M4', 'M5', 'M6', 'M6+'] as const
export type Bucket = (typeof BUCKETS)[number]

const BUCKET_DAYS = 30

/** M0 is not overdue, M1 is 1 to 30 days past due, M6 151 to 180, M6+ more than that. */
export function bucketOf(daysPastDue: number): Bucket {
  return BUCKETS[Math.min(BUCKETS.length - 1, Math.ceil(daysPastDue / BUCKET_DAYS))] as Bucket
}
