import type { Queue } from 'bullmq'
import { type Static, Type } from 'typebox'
import type { JobResult, QueueName } from './queues.ts'

/** When a job runs: every so often, or by a cron pattern in the zone of the product. */
export type Schedule = { readonly everyMs: number } | { readonly pattern: string }

/** A job that runs by the clock and is about no single loan. Its handler is idempotent by what it is about. */
export interface ScheduledJob<Name extends string = string> {
  readonly name: Name
  readonly queue: QueueName
  readonly schedule: Schedule
  /** What it does once. */
  readonly once: string
}

export type RunScheduled = () => Promise<JobResult>

/** Such a job carries nothing but its name: what it does, it asks of the books when it runs. */
export const ScheduledSchema = Type.Object(
  { job: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }) },
  { additionalProperties: false }
)
export type ScheduledPayload = Static<typeof ScheduledSchema>

type Schedulers = Pick<Queue, 'getJobScheduler' | 'upsertJobScheduler'>

/**
 * Makes the schedules that are missing or differ, and leaves the others alone, for making one again would put it off. Called now
 * and then: whoever empties the jobs Redis takes the schedules along.
 *
 * @returns the names of those that it made
 */
export async function restoreSchedules(
  jobs: readonly ScheduledJob[],
  queueOf: (name: QueueName) => Schedulers,
  timeZone: string
): Promise<string[]> {
  const made: string[] = []
  for (const { name, queue, schedule } of jobs) {
    const known = await queueOf(queue).getJobScheduler(name)
    if (known !== undefined && known !== null && isSame(known, schedule, timeZone)) continue
    const repeat = 'everyMs' in schedule ? { every: schedule.everyMs } : { pattern: schedule.pattern, tz: timeZone }
    // The next one comes by itself: a run that failed need not be tried for an hour.
    await queueOf(queue).upsertJobScheduler(name, repeat, { name, data: { job: name }, opts: SCHEDULED_OPTIONS })
    made.push(name)
  }
  return made
}

const SCHEDULED_OPTIONS = { attempts: 3, removeOnComplete: { count: 100 }, removeOnFail: { count: 100 } }

interface KnownSchedule {
  readonly every?: number | string | undefined
  readonly pattern?: string | undefined
  readonly tz?: string | undefined
}

function isSame({ every, pattern, tz }: KnownSchedule, schedule: Schedule, timeZone: string): boolean {
  return 'everyMs' in schedule ? Number(every) === schedule.everyMs : pattern === schedule.pattern && tz === timeZone
}
