import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../launcher/ports.mjs'
import { startPrivateRedis } from '../../../launcher/redis.mjs'
import { SERVICES } from '../../../launcher/stack.mjs'
import type { Image } from './build.ts'
import { type Base, type Entering, NODE_UID, runIn, startIn } from './private-root.ts'

export interface RunReport {
  /** Sentences about what held. */
  readonly held: readonly string[]
  readonly faults: readonly string[]
}

export interface RunOptions {
  readonly image: Image
  readonly base: Base
  /** For the data of Redis. */
  readonly directory: string
  readonly request: string
  readonly note: (line: string) => void
}

interface Running {
  readonly name: string
  readonly entering: Entering
  readonly child: ChildProcess
  readonly output: () => string
}

const HEALTHY_DEADLINE_MS = 60_000
const STEP_DEADLINE_MS = 30_000
/** As compose gives: stop_grace_period. */
const GRACE_MS = 12_000
const POLL_MS = 200

/** The three processes out of the image, confined as compose confines them: they start, decide, and end when told to. */
export async function runConfined({ image, base, directory, request, note }: RunOptions): Promise<RunReport> {
  const report = { held: [] as string[], faults: [] as string[] }
  const expect = (holds: boolean, text: string, details = ''): void => {
    note(`${holds ? 'holds' : 'FAILS'}  ${text}`)
    if (holds) report.held.push(text)
    else report.faults.push(details === '' ? text : `${text}: ${details}`)
  }
  const redis = await startPrivateRedis({ dir: join(directory, 'redis') })
  const running: Running[] = []
  try {
    const port = await freePort()
    const common = {
      ...image.env,
      REDIS_URL: redis.url,
      TOKEN_KEY: randomBytes(32).toString('hex'),
      PORT: String(port)
    }
    for (const { name, nodeArgs = [], entry } of SERVICES) {
      const env = { ...common, OPS_PORT: String(await freePort()) }
      const { root, workdir, user } = image
      const entering: Entering = { root, base, workdir, user, env, isReadOnly: true }
      running.push(start(name, entering, ['node', ...nodeArgs, entry]))
    }
    for (const process of running) await expectHealth(image, process, expect)
    for (const process of running) expectRights(process, expect)
    const [gateway] = running as [Running]
    expect(!canWrite(gateway.entering, image.workdir), 'nobody can write beside /tmp')
    const key = runIn(
      gateway.entering,
      ['node', 'src/cli/main.ts', 'keys', 'create', '--tenant', 'demo', '--json'],
      STEP_DEADLINE_MS
    )
    const answer = await fetch(`http://127.0.0.1:${port}/v1/decisions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${(JSON.parse(key) as { key: string }).key}`,
        'content-type': 'application/json'
      },
      body: request,
      signal: AbortSignal.timeout(STEP_DEADLINE_MS)
    })
    const body = await answer.text()
    expect(answer.status === 200, 'the command line makes a key, and the gateway decides with it', body)
    for (const process of running) await expectEnd(image, process, expect)
  } finally {
    for (const { child } of running) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await redis.stop()
  }
  return report
}

type Expect = (holds: boolean, text: string, details?: string) => void

function start(name: string, entering: Entering, argv: readonly string[]): Running {
  const child = startIn(entering, argv)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (output = `${output}${chunk}`.slice(-4000)))
  return { name, entering, child, output: () => output }
}

function isHealthy(image: Image, { entering }: Running): boolean {
  try {
    runIn(entering, image.healthCheck, STEP_DEADLINE_MS)
    return true
  } catch {
    return false
  }
}

async function expectHealth(image: Image, process: Running, expect: Expect): Promise<void> {
  const startedAtMs = performance.now()
  let healthy = false
  while (!healthy && process.child.exitCode === null && performance.now() - startedAtMs < HEALTHY_DEADLINE_MS) {
    healthy = isHealthy(image, process)
    if (!healthy) await sleep(POLL_MS)
  }
  expect(healthy, `${process.name} starts with no file it can change, and its health check says so`, process.output())
}

/** What the kernel says of the process, which is the program itself. */
function expectRights({ name, child }: Running, expect: Expect): void {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  const of = (field: string) => (new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '').split(/\s+/)
  const isNode = [...of('Uid'), ...of('Gid')].every((id) => Number(id) === NODE_UID)
  const hasNone = [...of('CapEff'), ...of('CapBnd')].every((mask) => /^0+$/.test(mask)) && of('NoNewPrivs')[0] === '1'
  const peak = Math.round(Number(of('VmHWM')[0]) / 1024)
  expect(isNode && hasNone, `${name} runs as node without capabilities, in ${peak} MiB`, status)
}

function canWrite(entering: Entering, workdir: string): boolean {
  const script = `for folder in ${workdir} ${workdir}/.cache/compile /etc /home/node; do touch $folder/written 2>/dev/null && echo $folder; done; touch /tmp/written`
  return runIn(entering, ['/bin/sh', '-c', script], STEP_DEADLINE_MS) !== ''
}

async function expectEnd(image: Image, process: Running, expect: Expect): Promise<void> {
  const { name, child, output } = process
  child.kill('SIGTERM')
  const ended =
    child.exitCode !== null || (await Promise.race([once(child, 'exit'), sleep(GRACE_MS, null, { ref: false })]))
  expect(ended !== null && child.exitCode === 0, `${name} ends in order when told to`, output())
  expect(!isHealthy(image, process), `then its health check fails`)
}
