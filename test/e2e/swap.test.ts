import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { modelsFolder, setActive } from '../serving/folders.ts'
import { application } from '../support/app.ts'
import { assay, startGateway } from '../support/gateway-process.ts'
import { sharedRedisUrl, uniqueProcessPrefix } from '../support/redis.ts'

const A_SECOND = 1000
const SECONDS = 4
const TICK_MS = 10
const LONG_MS = 60_000
const FRAUD = { champion: '1.0.0' }

interface Answer {
  readonly decision: string
  readonly score: { readonly pd: number } | null
  readonly trace: { readonly models: { readonly credit: string }; readonly degraded: readonly string[] }
}

test(
  'swaps of the champion and of a challenger at 1,000 decisions a second lose no decision and mix none',
  async () => {
    const folder = await modelsFolder({ credit: { champion: '1.0.0' }, fraud: FRAUD })
    const env = {
      REDIS_URL: sharedRedisUrl(),
      REDIS_PREFIX: uniqueProcessPrefix('swap'),
      TOKEN_KEY: 'ab'.repeat(32),
      MODELS_DIR: folder.pathname,
      // It is about swaps: a machine that is busy with other tests may be slow.
      DECISION_DEADLINE_MS: '10000',
      REDIS_TIMEOUT_MS: '4000'
    }
    const gateway = await startGateway(env)
    const { key } = JSON.parse(await assay(['keys', 'create', '--tenant', 'demo', '--json'], env)) as { key: string }
    const http = new Pool(gateway.url, { connections: 32, pipelining: 1 })
    onTestFinished(() => http.close())
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const decide = async (): Promise<Answer> => {
      const { statusCode, body } = await http.request({
        method: 'POST',
        path: '/v1/decisions',
        headers,
        body: JSON.stringify(application())
      })
      const text = await body.text()
      expect(statusCode, text).toBe(200)
      return JSON.parse(text) as Answer
    }

    const changes = [
      { champion: '1.1.0' },
      { champion: '1.0.0', challenger: { version: '1.1.0', share: 0.3 } },
      { champion: '1.1.0', shadow: { version: '1.0.0', share: 1 } },
      { champion: '1.0.0' }
    ]
    const startedAtMs = performance.now()
    const answers: Promise<Answer>[] = []
    for (let elapsedMs = 0; elapsedMs < SECONDS * 1000; elapsedMs = performance.now() - startedAtMs) {
      while (answers.length < (elapsedMs / 1000) * A_SECOND) answers.push(decide())
      if (changes.length > 0 && elapsedMs > (5 - changes.length) * 750)
        await setActive(folder, { credit: changes.shift(), fraud: FRAUD })
      await sleep(TICK_MS)
    }
    const made = await Promise.all(answers)
    expect(made.length).toBeGreaterThan(SECONDS * A_SECOND * 0.9)
    expect(made.filter(({ trace }) => trace.degraded.length > 0)).toEqual([])
    // Nothing is known of any of these people, so that each version has one probability for all of them.
    const told = new Map<string, Set<number | undefined>>()
    for (const { score, trace } of made)
      told.set(trace.models.credit, (told.get(trace.models.credit) ?? new Set()).add(score?.pd))
    expect([...told.keys()].map((id) => id.split('@')[0]).sort()).toEqual(['1.0.0', '1.1.0'])
    for (const [id, probabilities] of told) expect([...probabilities], id).toHaveLength(1)
    expect(new Set([...told.values()].flatMap((probabilities) => [...probabilities])).size).toBe(2)
  },
  LONG_MS
)
