import autocannon from 'autocannon'
import { OptionError, parseStrictly, runProgram, untilInterrupted, whole } from './command-line.ts'
import { prepareRequests } from './prepared-requests.ts'
import { createProgress } from './progress.ts'
import { startServiceUnderTest } from './stack.ts'

const PATH = '/v1/decisions'
const USAGE = `npm run load:autocannon -- [options]

Autocannon with new applications in each request and its own table at the end. Without --url it starts a service of its
own and ends it. It shows capacity: each connection waits for its answer before it asks again, so its latencies leave out
whoever would have come meanwhile; npm run load and npm run load:scenarios measure those.

  --url http://127.0.0.1:8080   a service that runs, with --key; this machine only
  --key KEY                     its partner key (npm start prints one)
  --connections 64  --seconds 10  --seed 1
  --help                        this text
`

const SPEC = {
  url: { type: 'string' },
  key: { type: 'string' },
  connections: { type: 'string', default: '64' },
  seconds: { type: 'string', default: '10' },
  seed: { type: 'string', default: '1' },
  help: { type: 'boolean', short: 'h' }
} as const

async function main(args: string[]): Promise<void> {
  const { values } = parseStrictly({ args, options: SPEC })
  if (values.help === true) return void process.stdout.write(USAGE)
  const connections = whole('--connections', values.connections, 1, 1000)
  const seconds = whole('--seconds', values.seconds, 1, 600)
  const seed = whole('--seed', values.seed, 0, 0xffff_ffff)
  if (values.url !== undefined) {
    if (values.key === undefined) throw new OptionError('--url needs the --key of a partner')
    const url = new URL(values.url)
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname))
      throw new OptionError('--url takes this machine only')
    return fire({ url, key: values.key, connections, seconds, seed })
  }
  const progress = createProgress(process.stderr)
  const signal = untilInterrupted()
  progress.tick('starting Redis, gateway, ingest and monitor')
  const service = await startServiceUnderTest({ note: progress.note, profiled: false, signal })
  progress.done()
  try {
    await fire({ url: new URL(`http://127.0.0.1:${service.port}`), key: service.key, connections, seconds, seed })
  } finally {
    await service.stop()
  }
}

interface Fire {
  readonly url: URL
  readonly key: string
  readonly connections: number
  readonly seconds: number
  readonly seed: number
}

async function fire({ url, key, connections, seconds, seed }: Fire): Promise<void> {
  // A prefix of its own: ids that an earlier run used would only be replayed.
  const prefix = `ac${Date.now().toString(36)}`
  const { next } = prepareRequests({ seed, prefix, host: url.host, path: PATH, key })
  const run = autocannon({
    url: new URL(PATH, url).href,
    method: 'POST',
    connections,
    duration: seconds,
    setupClient: (client) => {
      client.getRequestBuffer = next
    }
  })
  autocannon.track(run, { renderProgressBar: process.stderr.isTTY === true, outputStream: process.stderr })
  const { errors, non2xx } = await run
  if (errors + non2xx > 0) process.exitCode = 1
}

await runProgram('load:autocannon', USAGE, main)
