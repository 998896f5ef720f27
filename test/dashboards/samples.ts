import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { STAGES } from '../../src/decisions/decide.ts'
import { PRODUCTS } from '../../src/domain/application.ts'
import { ENTITY_KINDS } from '../../src/domain/event.ts'
import { createMetrics, METRICS, type MetricName, type Metrics } from '../../src/metrics.ts'
import { CONTACT_INVARIANTS } from '../../src/monitoring/contact-rules.ts'
import { JOB_NAMES } from '../../src/monitoring/jobs.ts'
import { QUEUE_NAMES } from '../../src/monitoring/queues.ts'
import { INVARIANTS } from '../../src/policy/invariants.ts'
import { WEBHOOK_TYPES } from '../../src/webhooks/event.ts'

export const PROCESSES = ['gateway', 'ingest', 'monitor'] as const
export type ProcessName = (typeof PROCESSES)[number]

type Label = (typeof METRICS)[MetricName]['labels'][number]

/** Values that the labels take in life; a label without an entry here does not compile. */
const VALUES: Readonly<Record<Label, readonly string[]>> = {
  action: ['approve', 'decline'],
  agreement: ['same', 'stricter'],
  band: ['A', 'B'],
  bin: ['0', '1', 'missing'],
  channel: ['api'],
  cap_rule: ['policy', 'CN-CAP-1'],
  component: ['score'],
  constraint: ['BAND', 'EXPOSURE'],
  currency: ['CNY'],
  bucket: ['M0', 'M1', 'M6+'],
  days: ['30'],
  decided: ['APPROVE', 'DECLINE'],
  def: ['30plus', '90plus'],
  decision: ['APPROVE', 'REFER', 'DECLINE'],
  dimension: ['partner', 'funder', 'borrower'],
  direction: ['up', 'down'],
  endpoint: ['decisions'],
  entity: [...ENTITY_KINDS],
  event: WEBHOOK_TYPES,
  feature: ['score', 'applicant.loans_lifetime'],
  feature_group: ['applicant', 'device'],
  from: ['M0', 'M1'],
  hash: ['0123456789ab'],
  invariant: [...INVARIANTS, ...CONTACT_INVARIANTS],
  in_time: ['yes', 'no'],
  job: [...JOB_NAMES],
  kind: ['invalid_request', 'store_unavailable'],
  level: ['yellow', 'red'],
  mob: ['1', '3'],
  mode: ['refer'],
  model: ['credit', 'fraud'],
  outcome: ['appended', 'delivered', 'done', 'failed', 'good', 'bad'],
  path: ['auto'],
  place: ['active'],
  process: PROCESSES,
  product: PRODUCTS,
  queue: QUEUE_NAMES,
  reason: ['invalid_request', 'malformed_json'],
  reason_code: ['R101', 'R501', 'SYS_INFERENCE_TIMEOUT'],
  result: ['counted', 'unknown_decision', 'hit', 'miss', 'false_alarm'],
  role: ['request', 'blocking'],
  shadow: ['APPROVE', 'REFER'],
  route: ['/v1/decisions'],
  rule: ['late-close', 'model-early-warning'],
  rule_id: ['device.applicants_30d > 5', 'minimumAgeYears'],
  source: ['decisions', 'loans'],
  stage: ['FINAL', ...STAGES, 'fraud', 'statutory'],
  state: ['waiting', 'active', 'delayed', 'failed'],
  text: ['Several recent applications'],
  to: ['M1', 'closed'],
  type: [
    'application.submitted',
    'auth.login',
    'account.registered',
    'fraud.labelled',
    'loan.disbursed',
    'loan.warned',
    'repayment.received'
  ],
  vintage: ['2026-10'],
  version: ['1.2.3'],
  window: ['1h', '24h']
}

const OF_INGEST = /^credit_(log|profiles?|inbox|deadletter)_/
const OF_MONITOR =
  /^credit_(outbox|webhook|queue|job|manual_review|loan_checks|limit_reviews|monitoring|notices|guard|concentration|first_payment|model_(outcomes|auc|ks|brier|observed))/
const OF_LOAN_BOOK =
  /^credit_(outstanding|disbursed|repaid|stage_principal|expected_loss|loans|early|loan_(promises|book)|roll|vintage)/
const OF_ALL = /^credit_(build|redis)_/

export function processesOf(name: string): readonly ProcessName[] {
  if (OF_ALL.test(name)) return PROCESSES
  if (OF_INGEST.test(name)) return ['ingest']
  if (name === 'credit_invariant_violations_total') return ['gateway', 'monitor']
  return OF_MONITOR.test(name) || OF_LOAN_BOOK.test(name) ? ['monitor'] : ['gateway']
}

/**
 * A process as Prometheus sees it: it serves what a process of that name serves, and everything in it moves a little
 * from one scrape to the next.
 */
export async function serveSamples(
  process: ProcessName
): Promise<{ readonly target: string; readonly server: Server }> {
  const metrics = createMetrics({ process, version: '1.2.3', withDefaults: true })
  const names = (Object.keys(METRICS) as MetricName[]).filter((name) => processesOf(name).includes(process))
  collectGarbage()
  const server = createServer(async (_request, response) => {
    for (const name of names) advance(metrics, name)
    response.setHeader('content-type', metrics.registry.contentType).end(await metrics.registry.metrics())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { target: `127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

export function advance(metrics: Metrics, name: MetricName): void {
  const { type, labels } = METRICS[name]
  const combinations = labels.reduce<Record<string, string>[]>(
    (rows, label) => rows.flatMap((row) => VALUES[label].map((value) => ({ ...row, [label]: value }))),
    [{}]
  )
  combinations.forEach((values, index) => {
    if (type === 'counter') metrics.counter(name as never).inc(values, index + 1)
    else if (type === 'histogram') {
      for (const bucket of bucketsOf(name)) metrics.histogram(name as never).observe(values, bucket * 0.9)
    } else if (name.endsWith('_timestamp_seconds')) metrics.gauge(name as never).set(values, Date.now() / 1000 - 60)
    else if (name !== 'credit_build_info') metrics.gauge(name as never).set(values, 1)
  })
}

function bucketsOf(name: MetricName): readonly number[] {
  const definition = METRICS[name]
  return 'buckets' in definition ? definition.buckets : []
}

/** Node’s histogram of collections has no series before the first one. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
