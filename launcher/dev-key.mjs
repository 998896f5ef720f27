import { spawn } from 'node:child_process'
import { Problem } from './problem.mjs'

const DEADLINE_MS = 20_000
const TENANT = 'demo'

/** The remembered development key if this Redis still knows it, else a new one. `cli(args)` runs bin/assay's program. */
export async function developmentKey({ secrets, cli }) {
  if (secrets.apiKey) {
    const check = await cli(['keys', 'check', secrets.apiKey])
    if (check.code === 0) return secrets.apiKey
  }
  const made = await cli(['keys', 'create', '--tenant', TENANT, '--json'])
  const key = made.code === 0 ? keyIn(made.stdout) : null
  if (key === null) {
    const why = (made.stderr || made.stdout).trim() || `exit code ${made.code}`
    throw new Problem(`No development key could be made: ${why}`)
  }
  secrets.keepApiKey(key)
  return key
}

function keyIn(stdout) {
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1)).key ?? null
  } catch {
    return null
  }
}

/** Runs one command of the CLI to its end and returns { code, stdout, stderr }; `signal` ends it before. */
export function runCli({ node, entry, env, signal }) {
  return (args) =>
    new Promise((resolve) => {
      const stdio = ['ignore', 'pipe', 'pipe']
      const child = spawn(node, [entry, ...args], { env, stdio, timeout: DEADLINE_MS, signal })
      const output = { stdout: '', stderr: '' }
      for (const stream of ['stdout', 'stderr']) {
        child[stream].setEncoding('utf8').on('data', (text) => {
          output[stream] += text
        })
      }
      child.on('error', (error) => resolve({ ...output, code: null, stderr: error.message }))
      child.on('close', (code) => resolve({ ...output, code }))
    })
}
