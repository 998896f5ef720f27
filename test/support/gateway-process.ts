import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { freePort } from './ports.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Generous: how long a start takes is promised elsewhere (test/e2e/start.test.ts), and a machine may be busy. */
const READY_MS = 40_000
const PORT_TRIES = 3
const run = promisify(execFile)

export interface ServiceProcess {
  readonly child: ChildProcess
  readonly opsUrl: string
}

export interface GatewayProcess extends ServiceProcess {
  readonly url: string
}

/** The real gateway in a process of its own, ready; ended with the test. Throws with what it printed when it ends before. */
export async function startGateway(env: Record<string, string>): Promise<GatewayProcess> {
  return onFreePorts(async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const { child, opsUrl } = await startProcess('src/main.ts', { PORT: String(port), ...env }, url)
    return { child, url, opsUrl }
  })
}

/** The real ingest worker in a process of its own, likewise. */
export async function startIngest(env: Record<string, string>): Promise<ServiceProcess> {
  return onFreePorts(() => startProcess('workers/ingest.ts', env))
}

/** The real monitor in a process of its own, likewise. */
export async function startMonitor(env: Record<string, string>): Promise<ServiceProcess> {
  return onFreePorts(() => startProcess('workers/monitor.ts', env))
}

/** Starts again on other ports where somebody took one between the moment it was found free and the start. */
async function onFreePorts<Started>(start: () => Promise<Started>): Promise<Started> {
  for (let tries = 1; ; tries++) {
    try {
      return await start()
    } catch (error) {
      if (tries === PORT_TRIES || !String(error).includes('EADDRINUSE')) throw error
    }
  }
}

/** Ready is what /readyz says, at `url` or else at the private port. */
async function startProcess(entry: string, env: Record<string, string>, url?: string): Promise<ServiceProcess> {
  const opsPort = await freePort()
  const child = spawn(process.execPath, [`${ROOT}/${entry}`], {
    env: { ...process.env, HOST: '127.0.0.1', OPS_PORT: String(opsPort), LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk))
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const opsUrl = `http://127.0.0.1:${opsPort}`
  const deadlineAtMs = performance.now() + READY_MS
  while (performance.now() < deadlineAtMs) {
    if (child.exitCode !== null) throw new Error(`${entry} ended with ${child.exitCode}:\n${printed}`)
    const ready = await fetch(`${url ?? opsUrl}/readyz`).then(
      ({ status }) => status === 200,
      () => false
    )
    if (ready) return { child, opsUrl }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${entry} was not ready within ${READY_MS} ms:\n${printed}`)
}

/** Runs a command of bin/assay; its stdout. */
export async function assay(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await run(process.execPath, [`${ROOT}/src/cli/main.ts`, ...args], {
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024
  })
  return stdout
}
