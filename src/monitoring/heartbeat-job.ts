import type { RunScheduled, ScheduledJob } from './scheduled-job.ts'

/** Does nothing: that it ran says that the workers take jobs (`credit_job_last_success_timestamp_seconds{job="heartbeat"}`). */
export const heartbeatJob = {
  name: 'heartbeat',
  queue: 'upkeep',
  schedule: { everyMs: 60_000 },
  once: 'each minute'
} as const satisfies ScheduledJob

export const beat: RunScheduled = async () => 'done'
