import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPrivateRedis } from '../../launcher/redis.mjs'
import { parseStrictly, runProgram, whole } from '../../load-tests/command-line.ts'
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
  --help               this text
`
const MOST = 10_000_000
const READY_MS = 10_000
const SHOW_EVERY = 50

async function main(args: readonly string[]): Promise<void> {
  const option = (value: string) => ({ type: 'string', default: value }) as const
  const { values } = parseStrictly({
    args: [...args],
    options: {
      histories: option('10000'),
      seed: option('1'),
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  if (values.help === true) return void process.stdout.write(USAGE)
  const histories = whole('--histories', values.histories, 1, MOST)
  const seed = whole('--seed', values.seed, 0, MOST)
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
    process.exitCode = report.found.length === 0 ? 0 : 1
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

await runProgram('test:exposure', USAGE, main)
