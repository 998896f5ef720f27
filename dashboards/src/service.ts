import { PROCESS_COLOURS, UP_OR_DOWN } from './colours.ts'
import { dashboard, type Section } from './dashboard.ts'
import { stat, table, timeSeries } from './panels.ts'
import { highest, lowest, mean, perSecond, quantile } from './promql.ts'
import { behaviour } from './service-behaviour.ts'

/** Node looks every 10 ms (prom-client’s default) and counts those 10 ms in: an idle process reads 0.0106. */
const LAG_PACE_SECONDS = 0.01

const running: Section = {
  title: 'Is each process there?',
  panels: [
    stat({
      title: 'Processes scraped',
      question: `Does each process answer Prometheus?
down means it is not there, hangs, or its ops port cannot be reached.`,
      unit: 'none',
      width: 8,
      words: UP_OR_DOWN,
      queries: [{ expr: 'min by (job) (up{job=~"gateway|ingest|monitor"})', legend: '{{job}}' }]
    }),
    stat({
      title: 'Redis as each process sees it',
      question: `Can each process talk to Redis?
With Redis down for the gateway nothing is decided: callers get 503 and nothing is stored.`,
      unit: 'none',
      width: 8,
      words: UP_OR_DOWN,
      queries: [{ expr: lowest('credit_redis_up', { by: ['job', 'role'] }), legend: '{{job}} {{role}}' }]
    }),
    stat({
      title: 'Running since',
      question: `When was each process started?
Three starts within ten minutes are an alert: its last log lines say why it ends.`,
      unit: 's',
      width: 8,
      queries: [
        { expr: 'time() - max by (job) (process_start_time_seconds{job=~"gateway|ingest|monitor"})', legend: '{{job}}' }
      ]
    }),
    table({
      title: 'What runs',
      question: `Which version of the service runs where?
Two versions at once are a deployment in progress, or one that stopped half way.`,
      unit: 'none',
      width: 8,
      height: 5,
      hidden: ['Value'],
      queries: [{ expr: highest('credit_build_info', { by: ['process', 'version'] }), legend: '' }]
    }),
    table({
      title: 'Which models serve',
      question: `Which models make these decisions?
The hash is that of the network’s file: bin/assay models list tells who activated it.`,
      unit: 'none',
      width: 8,
      height: 5,
      hidden: ['Value'],
      queries: [{ expr: highest('credit_model_info', { by: ['model', 'version', 'hash'] }), legend: '' }]
    }),
    table({
      title: 'Which policy decides',
      question: `Which policy decides, and which is tried beside it?
bin/assay policy list tells who approved it and when.`,
      unit: 'none',
      width: 8,
      height: 5,
      hidden: ['Value'],
      queries: [{ expr: highest('credit_policy_info', { by: ['place', 'version', 'hash'] }), legend: '' }]
    })
  ]
}

const node: Section = {
  title: 'Is each process well?',
  panels: [
    timeSeries({
      title: 'Event-loop lag, p99',
      question: `Does something block a process?
Whatever blocks the loop of the gateway delays every decision in it. Above 5 ms for long: take a CPU profile.`,
      unit: 's',
      width: 12,
      limit: 0.005,
      colours: PROCESS_COLOURS,
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
      width: 12,
      colours: PROCESS_COLOURS,
      queries: [{ expr: 'sum by (job) (rate(process_cpu_seconds_total[$__rate_interval]))', legend: '{{job}}' }]
    }),
    timeSeries({
      title: 'Memory resident',
      question: `Does a process grow?
Flat after the first minutes is right; a slope that lasts is a leak.`,
      unit: 'bytes',
      width: 12,
      colours: PROCESS_COLOURS,
      queries: [{ expr: 'sum by (job) (process_resident_memory_bytes)', legend: '{{job}}' }]
    })
  ]
}

const scoring: Section = {
  title: 'Do the scoring threads and Redis keep up?',
  panels: [
    timeSeries({
      title: 'Inference of one batch',
      question: `How long does the model compute?
Time in the scoring thread alone. It grows with the rows of a batch; at equal rows it should not move.`,
      unit: 's',
      width: 8,
      queries: [0.5, 0.99].map((q) => ({
        expr: quantile(q, 'credit_model_inference_duration_seconds', { by: ['model'] }),
        legend: `{{model}} p${q * 100}`
      }))
    }),
    timeSeries({
      title: 'Rows of one batch',
      question: `Does the scoring thread keep up?
A batch is what waited when the thread became free: 1 is idle, rows near the largest batch mean it is saturated.`,
      unit: 'none',
      width: 8,
      queries: [
        { expr: mean('credit_model_batch_rows', { by: ['model'] }), legend: '{{model}} mean' },
        { expr: quantile(0.95, 'credit_model_batch_rows', { by: ['model'] }), legend: '{{model}} p95' }
      ]
    }),
    timeSeries({
      title: 'Faults of scoring and of Redis connections',
      question: `Is a dependency of the decision failing?
Late or failed inferences end in REFER; errors of the connection end in 503.`,
      whenNone: 'None in the time shown',
      unit: 'cps',
      width: 8,
      queries: [
        { expr: perSecond('credit_model_faults_total', { by: ['kind'] }), legend: 'scoring · {{kind}}' },
        {
          expr: perSecond('credit_redis_errors_total', { by: ['job', 'role'] }),
          legend: 'redis · {{job}} {{role}}'
        }
      ]
    })
  ]
}

export const service = dashboard({
  uid: 'assay-service',
  title: 'Assay: service',
  description: 'Whether the processes run, and whether they keep up with what they are given.',
  tags: ['assay', 'service'],
  sections: [running, node, scoring, behaviour],
  byProduct: false
})
