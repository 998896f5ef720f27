import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { freePort } from './ports.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const READY_MS = 15_000
const run = promisify(execFile)

export interface GatewayProcess {
  readonly child: ChildProcess
  readonly url: string
  readonly opsUrl: string
}

/** The real gateway in a process of its own, ready; ended with the test. Throws with what it printed when it ends before. */
export async function startGateway(env: Record<string, string>): Promise<GatewayProcess> {
  const [port, opsPort] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, [`${ROOT}/src/main.ts`], {
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: String(port),
      OPS_PORT: String(opsPort),
      LOG_LEVEL: 'warn',
      ...env
    },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk))
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const url = `http://127.0.0.1:${port}`
  const deadlineAtMs = performance.now() + READY_MS
  while (performance.now() < deadlineAtMs) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}:\n${printed}`)
    const ready = await fetch(`${url}/readyz`).then(
      ({ status }) => status === 200,
      () => false
    )
    if (ready) return { child, url, opsUrl: `http://127.0.0.1:${opsPort}` }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the gateway was not ready within ${READY_MS} ms:\n${printed}`)
}

/** Runs a command of bin/assay; its stdout. */
export async function assay(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await run(process.execPath, [`${ROOT}/src/cli/main.ts`, ...args], {
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024
  })
  return stdout
}
