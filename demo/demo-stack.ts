import { createHash, randomBytes } from 'node:crypto'
import { type ServiceUnderTest, startServiceUnderTest } from '../load-tests/stack.ts'
import { createGuardStore } from '../src/guard/redis-guard-store.ts'
import { createKeys } from '../src/redis/keys.ts'
import { createDemoClock, type DemoClock } from './clock.ts'
import { createDemoPolicies } from './demo-policies.ts'
import { createRiskDesk } from './risk-desk.ts'
import { createDemoService, type DemoService } from './service.ts'
import { createShifts, type Shifts } from './shifts.ts'
import { startWebhookSink, type WebhookSink } from './webhook-sink.ts'

export interface DemoStack {
  readonly apiUrl: string
  readonly key: string
  readonly reviewerKey: string
  readonly adminKey: string
  readonly opsUrls: ServiceUnderTest['opsUrls']
  readonly pids: ServiceUnderTest['pids']
  readonly clock: DemoClock
  readonly service: DemoService
  readonly shifts: Shifts
  readonly riskDesk: (nowMs: number) => Promise<void>
  readonly webhooks: WebhookSink
  readonly stop: () => Promise<void>
}

export interface DemoStackOptions {
  readonly seed: number
  readonly startMs: number
  readonly usualPorts: boolean
  readonly note: (line: string) => void
  readonly signal: AbortSignal
}

const TENANT = 'demo'
const REVIEWERS = ['li.na', 'amina.bello'] as const
const SHIFT_DEADLINE_MS = 60_000

/**
 * A service of its own as `npm start` runs it, on the demo’s clock, with a partner, two reviewers and an end for webhooks.
 * Deadlines are long: a busy machine should take longer, not decide otherwise.
 */
export async function startDemoStack(options: DemoStackOptions): Promise<DemoStack> {
  const { seed, startMs, usualPorts, note, signal } = options
  const ends: (() => Promise<unknown>)[] = []
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end()
  }
  try {
    const clock = await createDemoClock(startMs)
    ends.push(clock.close)
    const policies = await createDemoPolicies()
    ends.push(policies.remove)
    const webhooks = await startWebhookSink()
    ends.push(webhooks.close)
    const adminKey = randomBytes(24).toString('base64url')
    const running = await startServiceUnderTest({
      note,
      signal,
      usualPorts,
      profiled: false,
      tenant: TENANT,
      // What is drawn by a token must be drawn alike each time.
      tokenKey: createHash('sha256').update(`demo ${seed}`).digest('hex'),
      appendfsync: 'everysec',
      env: {
        ...clock.env,
        OPS_ADMIN_KEY: adminKey,
        POLICIES_DIR: policies.folder,
        WEBHOOK_ALLOW_PRIVATE: 'true',
        DECISION_DEADLINE_MS: '20000',
        REDIS_TIMEOUT_MS: '10000',
        OUTBOX_JOBS_PER_SECOND: '10000',
        JOBS_PER_SECOND: '10000',
        LOAN_LOOK_MS: '20',
        OUTBOX_REST_MS: '1'
      }
    })
    ends.push(running.stop)
    const { cli, key, port, redisUrl, redisPrefix, opsUrls, pids } = running
    const line = async (args: readonly string[]) => {
      const { code, stdout, stderr } = await cli([...args, '--tenant', TENANT, '--json'])
      if (code !== 0) throw new Error(`${args.join(' ')} failed: ${stderr.trim()}`)
      return JSON.parse(stdout) as { readonly key: string }
    }
    const [reviewers] = await Promise.all([
      Promise.all(REVIEWERS.map((person) => line(['keys', 'create', '--reviewer', person]))),
      line(['webhooks', 'add', '--url', webhooks.url])
    ])
    const shifts = await createShifts({ redisUrl, redisPrefix, nowMs: clock.nowMs, deadlineMs: SHIFT_DEADLINE_MS })
    ends.push(shifts.close)
    const riskDesk = createRiskDesk({ cli, guard: createGuardStore(shifts.redis, createKeys(redisPrefix)) })
    const apiUrl = `http://127.0.0.1:${port}`
    const reviewerKeys = reviewers.map((each) => each.key)
    const service = createDemoService({ apiUrl, key, reviewerKeys, signal })
    const reviewerKey = reviewerKeys[0] as string
    return { apiUrl, key, reviewerKey, adminKey, opsUrls, pids, clock, service, shifts, riskDesk, webhooks, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
