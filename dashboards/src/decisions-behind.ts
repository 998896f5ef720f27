import type { Section } from './dashboard.ts'
import { stat, table, timeSeries } from './panels.ts'
import { highest, lowest, perSecond, quantile } from './promql.ts'

/** What runs behind the decisions: behaviour and post-loan jobs. */
export const behaviour: Section = {
  title: 'Is behaviour up to date?',
  panels: [
    timeSeries({
      title: 'Events per second by type',
      question: `Do producers tell us what happens?
A type that falls to nothing is usually a producer that stopped, not borrowers who did.`,
      unit: 'cps',
      width: 12,
      stacked: true,
      queries: [
        { expr: perSecond('credit_events_total', { by: ['type', 'outcome'] }), legend: '{{type}} · {{outcome}}' }
      ]
    }),
    timeSeries({
      title: 'Due entities waiting for the ingest worker',
      question: `Does the ingest worker keep up?
Decisions are right whatever the lag, because they read what is not folded yet; but a lag that only grows makes each read
longer and ends in refused events.`,
      unit: 'short',
      width: 12,
      queries: [{ expr: highest('credit_log_pending_entries'), legend: 'waiting' }]
    }),
    timeSeries({
      title: 'Due entities handled',
      question: `How fast does the ingest worker fold what has grown?
An entity is due after some forty events, so this is a small part of the decisions and events that came in.`,
      unit: 'cps',
      width: 12,
      queries: [{ expr: perSecond('credit_log_entries_total'), legend: 'entities' }]
    }),
    timeSeries({
      title: 'Compactions by outcome',
      question: `Are tails folded into profiles?
Some “overtaken” are normal: the entity changed meanwhile and is folded at the next chance. “unreadable” never is; “foreign” is after a
change of the catalogue, until docs/runbook.md was followed.`,
      unit: 'cps',
      width: 12,
      stacked: true,
      queries: [{ expr: perSecond('credit_profile_compactions_total', { by: ['outcome'] }), legend: '{{outcome}}' }]
    }),
    timeSeries({
      title: 'Inbox entries waiting',
      question: `Are events of producers that write to Redis taken in time?
It should fall back to zero within moments. What waits is not seen by decisions, and holds identifiers.`,
      unit: 'short',
      width: 8,
      queries: [{ expr: highest('credit_inbox_pending_entries'), legend: 'waiting' }]
    }),
    timeSeries({
      title: 'Dead letters waiting for a person',
      question: `Which events could not be taken?
bin/assay deadletter list tells why; each is an event that does not count until it is corrected and sent again.`,
      unit: 'short',
      width: 8,
      queries: [{ expr: highest('credit_deadletter_entries'), legend: 'letters' }]
    }),
    timeSeries({
      title: 'Events set aside by entity',
      question: `Do events come too late for crowded entities?
They are in the log but do not count there. A producer that sends old events again is the usual cause; a replay makes them count.`,
      unit: 'cps',
      width: 8,
      stacked: true,
      queries: [{ expr: perSecond('credit_events_set_aside_total', { by: ['entity'] }), legend: '{{entity}}' }]
    })
  ]
}

export const monitoring: Section = {
  title: 'Is every approved loan being watched?',
  panels: [
    timeSeries({
      title: 'Outbox entries waiting',
      question: `Do approvals reach the job queue?
An entry waits until the relay has turned it into a job. It should fall back to zero within seconds.`,
      unit: 'short',
      width: 8,
      queries: [{ expr: highest('credit_outbox_pending_entries'), legend: 'waiting' }]
    }),
    timeSeries({
      title: 'Outbox entries relayed',
      question: `How many loans are taken under watch?
Over time it equals the approvals.`,
      unit: 'cps',
      width: 8,
      queries: [{ expr: perSecond('credit_outbox_relayed_total'), legend: 'relayed' }]
    }),
    timeSeries({
      title: 'Jobs by state',
      question: `Is work piling up?
delayed is the calendar of what is to come and grows with the book; waiting should stay near zero; failed waits for a
person.`,
      unit: 'short',
      width: 8,
      queries: [{ expr: highest('credit_queue_jobs', { by: ['queue', 'state'] }), legend: '{{queue}} {{state}}' }]
    }),
    timeSeries({
      title: 'Jobs finished by outcome',
      question: `Do jobs do their work?
already_done is a repeat that changed nothing, obsolete a job whose loan needs it no more; a failed try is counted each
time and tried again.`,
      unit: 'cps',
      width: 8,
      stacked: true,
      queries: [
        {
          expr: perSecond('credit_queue_jobs_finished_total', { by: ['queue', 'outcome'] }),
          legend: '{{queue}} {{outcome}}'
        }
      ]
    }),
    timeSeries({
      title: 'Time of a job, p95',
      question: `Has a job become slow?
Jobs read a decision and write a line or two: milliseconds.`,
      unit: 's',
      width: 8,
      queries: [{ expr: quantile(0.95, 'credit_queue_job_duration_seconds', { by: ['queue'] }), legend: '{{queue}}' }]
    }),
    timeSeries({
      title: 'Since a job last succeeded',
      question: `Has a job stopped working?
A saw-tooth is right. A line that only rises, while approvals come in, is a job that no longer runs.`,
      unit: 's',
      width: 8,
      queries: [
        {
          expr: `time() - ${highest('credit_job_last_success_timestamp_seconds', { by: ['job'] })}`,
          legend: '{{job}}'
        }
      ]
    })
  ]
}

/** Node looks every 10 ms (prom-client’s default) and counts those 10 ms in: an idle process reads 0.0106. */
const LAG_PACE_SECONDS = 0.01
const UP_OR_DOWN = { '0': { text: 'down', colour: 'red' }, '1': { text: 'up', colour: 'green' } }

export const processes: Section = {
  title: 'Is each process well?',
  panels: [
    stat({
      title: 'Processes scraped',
      question: `Does each process answer Prometheus?
down means it is not there, hangs, or its ops port cannot be reached.`,
      unit: 'none',
      width: 12,
      words: UP_OR_DOWN,
      queries: [{ expr: 'min by (job) (up{job=~"gateway|ingest|monitor"})', legend: '{{job}}' }]
    }),
    stat({
      title: 'Redis as each process sees it',
      question: `Can each process talk to Redis?
With Redis down for the gateway nothing is decided: callers get 503 and nothing is stored.`,
      unit: 'none',
      width: 12,
      words: UP_OR_DOWN,
      queries: [{ expr: lowest('credit_redis_up', { by: ['job', 'role'] }), legend: '{{job}} {{role}}' }]
    }),
    timeSeries({
      title: 'Event-loop lag, p99',
      question: `Does something block a process?
Whatever blocks the loop of the gateway delays every decision in it. Above 5 ms for long: take a CPU profile.`,
      unit: 's',
      width: 12,
      limit: 0.005,
      queries: [
        {
          expr: `clamp_min(max by (job) (nodejs_eventloop_lag_p99_seconds) - ${LAG_PACE_SECONDS}, 0)`,
          legend: '{{job}}'
        }
      ]
    }),
    timeSeries({
      title: 'Share of time in garbage collection',
      question: `How much does memory cost in time?
A few per cent is usual; a rising share of “major” means the heap is too small or something is kept.`,
      unit: 'percentunit',
      width: 12,
      queries: [
        {
          expr: 'sum by (job, kind) (rate(nodejs_gc_duration_seconds_sum[$__rate_interval]))',
          legend: '{{job}} {{kind}}'
        }
      ]
    }),
    timeSeries({
      title: 'CPU in use',
      question: `Who uses the processors?
100 % is one core. The gateway’s scoring threads count towards it.`,
      unit: 'percentunit',
      width: 8,
      queries: [{ expr: 'sum by (job) (rate(process_cpu_seconds_total[$__rate_interval]))', legend: '{{job}}' }]
    }),
    timeSeries({
      title: 'Memory resident',
      question: `Does a process grow?
Flat after the first minutes is right; a slope that lasts is a leak.`,
      unit: 'bytes',
      width: 8,
      queries: [{ expr: 'sum by (job) (process_resident_memory_bytes)', legend: '{{job}}' }]
    }),
    table({
      title: 'What runs',
      question: `Which version of the service and which model made these decisions?
Two versions at once are a deployment in progress, or one that stopped half way.`,
      unit: 'none',
      width: 8,
      hidden: ['Value', 'Value #A', 'Value #B'],
      queries: [
        { expr: highest('credit_build_info', { by: ['process', 'version'] }), legend: '' },
        { expr: highest('credit_model_info', { by: ['model', 'version', 'hash'] }), legend: '' }
      ]
    })
  ]
}
