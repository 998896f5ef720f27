import { JOB_COLOURS, JOB_STATE_COLOURS, ZERO_IS_RIGHT } from './colours.ts'
import { dashboard, type Section } from './dashboard.ts'
import { ranking, stat, timeSeries } from './panels.ts'
import { highest, howMany, orZero, perSecond, quantile } from './promql.ts'

const now: Section = {
  title: 'Is anything waiting for a person?',
  panels: [
    stat({
      title: 'Since the workers’ heartbeat',
      question: `Do the workers of jobs work at all?
A job that does nothing else runs once a minute. Two minutes are too long: the monitor is down, or its Redis.`,
      unit: 's',
      width: 4,
      base: 'green',
      steps: [
        { from: 120, colour: 'yellow' },
        { from: 300, colour: 'red' }
      ],
      queries: [
        {
          expr: `time() - ${highest('credit_job_last_success_timestamp_seconds', { where: { job: 'heartbeat' } })}`,
          legend: 'heartbeat'
        }
      ]
    }),
    stat({
      title: 'Gaps in the watch',
      question: `Which loans have a check that was given up?
Each failed for good and is not made again before a person has looked: docs/monitoring.md. Zero is right.`,
      unit: 'short',
      width: 4,
      ...ZERO_IS_RIGHT,
      queries: [{ expr: highest('credit_monitoring_gaps'), legend: 'gaps' }]
    }),
    stat({
      title: 'Approvals not watched yet',
      question: `Does every approved loan come under watch?
They wait in the outbox and go within seconds. A number that stays means the monitor is down; nothing is lost.`,
      unit: 'short',
      width: 4,
      base: 'green',
      steps: [{ from: 1000, colour: 'yellow' }],
      queries: [{ expr: highest('credit_outbox_pending_entries'), legend: 'waiting' }]
    }),
    stat({
      title: 'Jobs that failed for good',
      question: `Which work was given up?
Each was tried twelve times over an hour and waits for a person on the page of the queues. Zero is right.`,
      unit: 'short',
      width: 4,
      ...ZERO_IS_RIGHT,
      queries: [
        {
          expr: `sum(${highest('credit_queue_jobs', { by: ['queue'], where: { state: 'failed' } })})`,
          legend: 'failed'
        }
      ]
    }),
    stat({
      title: 'Webhooks given up',
      question: `Which partners were not told?
Each was tried for hours. bin/assay webhooks dead says which, and resend sends it again. Zero is right.`,
      unit: 'short',
      width: 4,
      ...ZERO_IS_RIGHT,
      queries: [{ expr: highest('credit_webhook_dead_letters'), legend: 'given up' }]
    }),
    stat({
      title: 'Contacts against the rules',
      question: `Was a borrower contacted at night or more often than is allowed?
It must be zero, always.`,
      unit: 'short',
      width: 4,
      ...ZERO_IS_RIGHT,
      queries: [
        {
          expr: orZero(howMany('credit_invariant_violations_total', { where: { invariant: /contact_.*/ } })),
          legend: 'contacts'
        }
      ]
    })
  ]
}

const jobs: Section = {
  title: 'Is the work on loans done in time?',
  panels: [
    timeSeries({
      title: 'Jobs waiting',
      question: `Is work piling up?
Jobs whose time has come and which nobody has begun. It belongs near zero; more than 100 for a quarter of an hour is an alert.`,
      unit: 'short',
      width: 8,
      queries: [
        { expr: highest('credit_queue_jobs', { by: ['queue'], where: { state: 'waiting' } }), legend: '{{queue}}' }
      ]
    }),
    timeSeries({
      title: 'Jobs finished by outcome',
      question: `Do jobs do their work?
already_done is a repeat that changed nothing, obsolete a job whose loan needs it no more; a failed try is counted each time and tried again.`,
      unit: 'cps',
      width: 8,
      stacked: true,
      colours: JOB_COLOURS,
      queries: [{ expr: perSecond('credit_queue_jobs_finished_total', { by: ['outcome'] }), legend: '{{outcome}}' }]
    }),
    ranking({
      title: 'Work done by job',
      question: `Which jobs ran in the time shown?
repay-remind reminds of an instalment, loan-monitor takes a loan under watch, offer-expiring and webhook tell partners.`,
      whenNone: 'None in the time shown',
      unit: 'short',
      width: 8,
      queries: [
        {
          expr: howMany('credit_queue_jobs_finished_total', { by: ['job'], where: { outcome: 'done' } }),
          legend: '{{job}}'
        }
      ]
    }),
    timeSeries({
      title: 'Jobs by state',
      question: `How much is still to come?
delayed is the calendar of what is to come and grows with the book; failed waits for a person.`,
      unit: 'short',
      width: 8,
      colours: JOB_STATE_COLOURS,
      queries: [
        { expr: `sum by (state) (${highest('credit_queue_jobs', { by: ['queue', 'state'] })})`, legend: '{{state}}' }
      ]
    }),
    timeSeries({
      title: 'Time of a job, p95',
      question: `Has a job become slow?
Jobs read a loan or a decision and write a line or two: milliseconds. A webhook takes as long as the partner’s server.`,
      unit: 's',
      width: 8,
      queries: [{ expr: quantile(0.95, 'credit_queue_job_duration_seconds', { by: ['queue'] }), legend: '{{queue}}' }]
    }),
    timeSeries({
      title: 'Since a job last succeeded',
      question: `Has a job stopped working?
A saw-tooth is right. A line that only rises, while there is work for it, is a job that no longer runs.`,
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

const relay: Section = {
  title: 'Do approvals become loans under watch?',
  panels: [
    timeSeries({
      title: 'Approvals taken under watch',
      question: `How many approvals a second become jobs?
Over time it equals the approvals and what else a decision sets off (reviews, offers that expire).`,
      unit: 'cps',
      width: 12,
      queries: [{ expr: perSecond('credit_outbox_relayed_total'), legend: 'relayed' }]
    }),
    timeSeries({
      title: 'Waiting to be relayed',
      question: `Does what decisions set off reach the queues?
Approvals and webhooks wait here until they are jobs; both belong near zero.`,
      unit: 'short',
      width: 12,
      colours: { approvals: 'green', webhooks: 'blue' },
      queries: [
        { expr: highest('credit_outbox_pending_entries'), legend: 'approvals' },
        { expr: highest('credit_webhook_outbox_pending_entries'), legend: 'webhooks' }
      ]
    })
  ]
}

const partners: Section = {
  title: 'Are partners told?',
  panels: [
    timeSeries({
      title: 'Tries to tell partners',
      question: `Do partners take what we tell them?
retry is tried again later, dead was given up after the last try, gone is an endpoint that asked for no more.`,
      whenNone: 'None in the time shown',
      unit: 'cps',
      width: 12,
      stacked: true,
      colours: { delivered: 'green', retry: 'yellow', dead: 'red', gone: 'purple', obsolete: 'text' },
      queries: [{ expr: perSecond('credit_webhook_deliveries_total', { by: ['outcome'] }), legend: '{{outcome}}' }]
    }),
    ranking({
      title: 'What partners were told',
      question: `Which events were delivered in the time shown?
decision.updated is a review that was finished, offer.expiring an offer that nobody took.`,
      whenNone: 'None in the time shown',
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: howMany('credit_webhook_deliveries_total', { by: ['event'], where: { outcome: 'delivered' } }),
          legend: '{{event}}'
        }
      ]
    })
  ]
}

const borrowers: Section = {
  title: 'What happens to loans?',
  panels: [
    timeSeries({
      title: 'Repayments by result',
      question: `Do debits succeed?
received is money that came in, failed a debit that did not go through, returned one that was taken back. More failed ones are the first
sign of trouble.`,
      whenNone: 'None in the time shown',
      unit: 'cps',
      width: 12,
      stacked: true,
      colours: {
        'repayment.received': 'green',
        'repayment.due': 'blue',
        'repayment.failed': 'orange',
        'repayment.returned': 'purple'
      },
      queries: [
        {
          expr: perSecond('credit_events_total', { by: ['type'], where: { type: /repayment[.].*/ } }),
          legend: '{{type}}'
        }
      ]
    }),
    timeSeries({
      title: 'Contacts with borrowers',
      question: `How often are borrowers contacted?
As partners tell us of their calls and messages. Nobody more than three times a day, nobody between 22 and 8.`,
      whenNone: 'None in the time shown',
      unit: 'cps',
      width: 12,
      queries: [
        {
          expr: perSecond('credit_events_total', { by: ['type'], where: { type: /collection[.].*|loan[.]warned/ } }),
          legend: '{{type}}'
        }
      ]
    })
  ]
}

export const postLoan = dashboard({
  uid: 'assay-post-loan',
  title: 'Assay: post-loan operations',
  description: 'Whether every approved loan is watched, the work on it is done in time, and partners are told.',
  tags: ['assay', 'post-loan'],
  sections: [now, jobs, relay, partners, borrowers],
  byProduct: false
})
