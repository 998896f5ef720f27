import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CpuProfile, summarise } from './profile-summary.ts'

interface Profiler {
  start(): Promise<void>
  stop(): Promise<CpuProfile>
}

const SAMPLING_MICROS = 250
const CONNECT_MS = 3000

interface Reply {
  readonly id?: number
  readonly result?: object
  readonly error?: { readonly message: string }
}

export interface Profiled {
  readonly pids: Readonly<Record<string, number>>
  readonly inspectPort: number | undefined
}

/** Writes what the gateway's main thread did while `run` went on to `file`, and returns a summary. */
export async function profileGateway({ pids, inspectPort }: Profiled, run: () => Promise<unknown>, file: string) {
  if (pids.gateway === undefined || inspectPort === undefined) throw new Error('the gateway was not started for it')
  const profiler = await attachProfiler(pids.gateway, inspectPort)
  await profiler.start()
  await run()
  const profile = await profiler.stop()
  writeFileSync(file, JSON.stringify(profile))
  return summarise(profile)
}

/**
 * Profiles the main thread of a running process from outside, for as long as one wants: SIGUSR1 opens its inspector on
 * the loopback port that it got as --inspect-port. Start-up and warm-up stay out of it, unlike with --cpu-prof.
 */
async function attachProfiler(pid: number, inspectPort: number): Promise<Profiler> {
  process.kill(pid, 'SIGUSR1')
  const socket = new WebSocket(await inspectorUrl(inspectPort))
  const replies = new Map<number, PromiseWithResolvers<object>>()
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error } = JSON.parse(String(data)) as Reply
    const waiting = id === undefined ? undefined : replies.get(id)
    if (error !== undefined) waiting?.reject(new Error(`inspector: ${error.message}`))
    else waiting?.resolve(result ?? {})
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true })
    socket.addEventListener('error', () => reject(new Error('the inspector refused the connection')), { once: true })
  })
  let id = 0
  const call = (method: string, params: object = {}): Promise<object> => {
    const waiting = Promise.withResolvers<object>()
    replies.set(++id, waiting)
    socket.send(JSON.stringify({ id, method, params }))
    return waiting.promise
  }
  await call('Profiler.enable')
  await call('Profiler.setSamplingInterval', { interval: SAMPLING_MICROS })
  return {
    start: async () => void (await call('Profiler.start')),
    stop: async () => {
      const { profile } = (await call('Profiler.stop')) as { profile: CpuProfile }
      socket.close()
      return profile
    }
  }
}

async function inspectorUrl(port: number): Promise<string> {
  const giveUpAtMs = performance.now() + CONNECT_MS
  for (;;) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/json`)
      const [target] = (await response.json()) as { webSocketDebuggerUrl: string }[]
      if (target !== undefined) return target.webSocketDebuggerUrl
    } catch (error) {
      if (performance.now() > giveUpAtMs) throw new Error(`no inspector on port ${port}`, { cause: error })
    }
    await sleep(50)
  }
}
