import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { stringify } from 'yaml'
import { freePort } from '../support/ports.ts'
import { ruleFiles } from './dashboards.ts'

export interface Prometheus {
  /** http://host:port */
  readonly address: string
  readonly query: (expression: string) => Promise<QueryAnswer>
  readonly stop: () => Promise<void>
}

export type QueryAnswer =
  | { readonly error: string }
  | { readonly series: readonly { readonly metric: Readonly<Record<string, string>>; readonly value: number }[] }

/** The full path of a program on the PATH. */
export function findProgram(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** A Prometheus of our own on a free port of this machine, with a folder that goes when it stops. */
export async function startPrometheus(program: string, config: string): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-prometheus-'))
  const configFile = join(folder, 'prometheus.yml')
  await writeFile(configFile, config)
  const address = `127.0.0.1:${await freePort()}`
  const child = spawn(
    program,
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--log.level=warn'
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] }
  )
  const errors: string[] = []
  child.stderr?.on('data', (chunk) => errors.push(String(chunk)))
  const stop = async () => {
    await end(child)
    await rm(folder, { recursive: true, force: true })
  }
  const query = (expression: string) => ask(address, expression)
  try {
    await until('Prometheus is ready', async () => {
      if (child.exitCode !== null) throw new Error(`Prometheus ended: ${errors.join('')}`)
      return (await fetch(`http://${address}/-/ready`).catch(() => null))?.ok === true
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { address: `http://${address}`, query, stop }
}

/** Writes the rules of dashboards/rules with every group at the pace of the whole; returns their files. */
export async function writeQuickRules(folder: string): Promise<string[]> {
  return Promise.all(
    [...ruleFiles()].map(async ([name, { groups }]) => {
      const file = join(folder, name)
      await writeFile(file, stringify({ groups: groups.map(({ interval: _, ...group }) => group) }))
      return file
    })
  )
}

/** Asks again until it is so; the caller’s own time limit ends what never comes. */
export async function until(what: string, isSo: () => Promise<boolean>, limitMs = 12_000): Promise<void> {
  const endsAtMs = performance.now() + limitMs
  while (!(await isSo())) {
    if (performance.now() > endsAtMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await pause(100)
  }
}

async function ask(address: string, expression: string): Promise<QueryAnswer> {
  const response = await fetch(`http://${address}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: expression })
  })
  const answer = (await response.json()) as {
    error?: string
    data?: { result: { metric: Record<string, string>; value: [number, string] }[] }
  }
  if (answer.data === undefined) return { error: answer.error ?? `status ${response.status}` }
  return { series: answer.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) })) }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}
