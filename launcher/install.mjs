import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { withLock } from './lock.mjs'
import { Problem, say } from './problem.mjs'

const stampOf = (root) => join(root, 'node_modules', '.lock-hash')

export function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
}

/** True when node_modules was installed from the lock as it is now. */
export function isInstalled(root) {
  const stamp = stampOf(root)
  return existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === lockHash(root)
}

/** The npm that started us, else the one on the PATH: another package manager would not read our lock. */
export function npmCommand(env) {
  const script = env.npm_execpath
  if (script && /^npm-cli\.c?js$/.test(basename(script))) return [process.execPath, script]
  return ['npm']
}

/** Installs exactly what the lock names, once per lock. */
export async function ensureInstalled({ root, env = process.env }) {
  if (isInstalled(root)) return
  await withLock(join(root, '.cache', 'install.lock'), () => install(root, env), {
    onWait: (pid) => say(`Waiting for process ${pid}, which is installing the packages …`)
  })
}

async function install(root, env) {
  if (isInstalled(root)) return
  say('Installing the locked packages, once: about half a minute …')
  // Development packages and the pinned Node (an optional package) are needed whatever the user's npm leaves out, and
  // the reason of a failure must be readable even under `npm --silent`.
  const args = ['ci', '--include=dev', '--include=optional', '--loglevel=error', '--no-fund', '--no-audit']
  const [command, ...first] = npmCommand(env)
  const failure = await runNpm(command, [...first, ...args], root, env)
  if (failure) throw new Problem(failure)
  writeFileSync(stampOf(root), lockHash(root))
}

function runNpm(command, args, cwd, env) {
  return new Promise((resolve) => {
    // npm's own chatter belongs on stderr: stdout is the command's.
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 2, 2] })
    child.on('error', (error) => {
      const cause = error.code === 'ENOENT' ? 'npm is not on the PATH' : error.message
      resolve(`The packages could not be installed: ${cause}. Install Node 20 or newer with npm 10 or newer.`)
    })
    child.on('exit', (code, signal) => {
      if (code === 0) return resolve(null)
      const how = signal ? `was stopped by ${signal}` : `ended with code ${code}`
      resolve(
        `The packages could not be installed: npm ci ${how}; its message is above.\n` +
          'It needs an npm registry that npm can reach. To see more: npm ci --loglevel=info'
      )
    })
  })
}
