import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startPrivateRedis } from '../../launcher/redis.mjs'
import { createProgress } from '../../load-tests/progress.ts'
import { createRedis, whenReady } from '../../src/redis/client.ts'
import { type HistoriesReport, runHistories } from './run-histories.ts'

const USAGE = `npm run test:exposure -- [options]

Lives random histories of applicants at two gateways and a Redis of its own: applications at once, offers taken, withdrawn or
left to end, payments, repeats and late events, while gateways die between their steps and connections are cut. After each
step what is owed is compared with a slow fold of all decisions and the log, and with the limit. The exit code is 1 when it
differs or is above.

  --histories 10000
  --seed 1
`
const MOST = 10_000_000
const READY_MS = 10_000
const SHOW_EVERY = 50

async function main(args: readonly string[]): Promise<number> {
  const option = (value: string) => ({ type: 'string', default: value }) as const
  const { values } = parseArgs({ args: [...args], options: { histories: option('10000'), seed: option('1') } })
  const [histories, seed] = [Number(values.histories), Number(values.seed)]
  if (![histories, seed].every((value) => Number.isInteger(value) && value >= 0 && value <= MOST)) {
    process.stderr.write(USAGE)
    return 2
  }
  const dir = await mkdtemp(join(tmpdir(), 'assay-exposure-'))
  const server = await startPrivateRedis({ dir, extraArgs: ['--appendonly', 'no'] })
  const connections: ReturnType<typeof createRedis>[] = []
  const progress = createProgress(process.stderr)
  try {
    const startedAtMs = performance.now()
    const report = await runHistories({
      histories,
      seed,
      prefix: 'exposure:',
      connect: async (name) => {
        const role = 'request'
        const redis = createRedis({ url: server.url, name, role, commandTimeoutMs: READY_MS, onError: () => {} })
        connections.push(redis)
        await whenReady(redis, READY_MS)
        return redis
      },
      onProgress: (lived) => {
        if (lived % SHOW_EVERY === 0) progress.tick(`${lived} of ${histories} histories`)
      },
      onBatch: async (control) => {
        await control.flushall()
      }
    })
    progress.done()
    process.stdout.write(describe(report, seed, (performance.now() - startedAtMs) / 1000))
    return report.found.length === 0 ? 0 : 1
  } finally {
    progress.done()
    for (const redis of connections) redis.disconnect()
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

function describe({ lived, found, stats }: HistoriesReport, seed: number, seconds: number): string {
  const rows = Object.entries({ histories: lived, ...stats, violations: found.length, seed })
  const lines = rows.map(([name, count]) => `  ${name.padEnd(12)}${String(count).padStart(10)}`)
  return [`exposure, ${seconds.toFixed(0)} s`, ...lines, ...found, ''].join('\n')
}

process.exitCode = await main(process.argv.slice(2))
