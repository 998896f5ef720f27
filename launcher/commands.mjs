import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { runInForeground } from './foreground.mjs'
import { ensureInstalled } from './install.mjs'
import { findNode } from './node.mjs'
import { START_HELP, startOptions } from './options.mjs'
import { dataDirOf, ROOT } from './paths.mjs'
import { Problem, say } from './problem.mjs'
import { resolveRedisServer } from './redis.mjs'
import { runningStack } from './runtime-file.mjs'
import { openSecrets } from './secrets.mjs'
import { start } from './start.mjs'

const COMPILE_CACHE = join(ROOT, '.cache', 'compile')
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')

const COMMANDS = {
  start: { args: '[--port N]', help: 'Redis, gateway, ingest and monitor on this machine', run: runStart },
  test: { args: '[vitest arguments]', help: 'all tests, on a Redis of their own', run: runTest },
  check: { args: '', help: 'types, lint and format, import rules', run: runCheck },
  load: { args: '[arguments]', help: 'load tests; --help lists theirs', run: runLoad },
  run: { args: '<file> [arguments]', help: 'a program of the repository, on the pinned Node', run: runProgram },
  train: { args: '[arguments]', help: 'train the models again', run: runTrain },
  cli: { args: '<command>', help: 'the command line; the same as bin/assay <command>', run: runCli }
}

/** Runs `name ...args` and returns the exit code; a failure with a known cause is told in a line, not a stack. */
export async function runCommand([name, ...args]) {
  try {
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      process.stdout.write(usage())
      return name === undefined ? 2 : 0
    }
    if (!Object.hasOwn(COMMANDS, name)) throw new Problem(`There is no command ${name}.\n\n${usage()}`, { exitCode: 2 })
    return await COMMANDS[name].run(args)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    say(error.message)
    return error.exitCode
  }
}

function usage() {
  const lines = Object.entries(COMMANDS).map(([name, { args, help }]) => `  ${`${name} ${args}`.padEnd(28)}${help}`)
  return `node run.mjs <command>, or npm start, npm test, npm run <command>:\n\n${lines.join('\n')}\n`
}

async function prepare() {
  await ensureInstalled({ root: ROOT })
  return findNode({ root: ROOT })
}

/** What .env says fills the gaps of the environment and never overrules it. */
function loadDotEnv() {
  const file = join(ROOT, '.env')
  if (existsSync(file)) process.loadEnvFile?.(file)
}

async function runStart(args) {
  loadDotEnv()
  const { help, ...options } = startOptions(args, process.env)
  if (help) {
    process.stdout.write(START_HELP)
    return 0
  }
  return start({ node: await prepare(), env: process.env, ...options })
}

async function runTest(args) {
  const node = await prepare()
  // Tests start dozens of processes of the service: compiled once, each begins in about half of the CPU.
  const env = { ...(await testEnv()), NODE_COMPILE_CACHE: COMPILE_CACHE }
  return runInForeground(node, [VITEST, 'run', ...args], { cwd: ROOT, env })
}

/**
 * Tests run on a Redis of their own, never on the one in REDIS_URL, which may hold something dear; only where no
 * server can be had is that one used, under key prefixes of the tests.
 */
async function testEnv() {
  const { REDIS_URL, ...env } = process.env
  try {
    return { ...env, ASSAY_REDIS_SERVER: JSON.stringify(await resolveRedisServer()) }
  } catch (error) {
    if (!REDIS_URL) throw error
    say(`No Redis to start for the tests; they use the one in REDIS_URL, and tests that stop a Redis are skipped.`)
    return { ...env, ASSAY_TEST_REDIS_URL: REDIS_URL }
  }
}

async function runCheck() {
  const node = await prepare()
  const bin = (...path) => join(ROOT, 'node_modules', ...path)
  const checks = [
    ['types', [bin('typescript', 'bin', 'tsc')]],
    ['lint and format', [bin('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings']],
    ['import rules', [VITEST, 'run', 'test/architecture.test.ts']]
  ]
  const results = []
  for (const [name, args] of checks) {
    say(`\n── ${name}`)
    const code = await runInForeground(node, args, { cwd: ROOT, env: { ...process.env, ASSAY_TEST_REDIS: 'none' } })
    results.push(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}`)
  }
  say(`\n${results.join('\n')}`)
  return results.every((line) => line.startsWith('ok')) ? 0 : 1
}

async function runLoad(args) {
  loadDotEnv()
  const node = await prepare()
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE }
  if (!args.includes('--help')) env.ASSAY_REDIS_SERVER = JSON.stringify(await resolveRedisServer())
  const [file, rest] = args[0] === 'overload' ? ['run-overload.ts', args.slice(1)] : ['run.ts', args]
  return runInForeground(node, [join(ROOT, 'load-tests', file), ...rest], { env })
}

async function runProgram([file, ...args]) {
  if (file === undefined)
    throw new Problem('run needs the file of a program, such as load-tests/bench/micro.ts', { exitCode: 2 })
  const node = await prepare()
  return runInForeground(node, [join(ROOT, file), ...args], {
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE }
  })
}

async function runTrain(args) {
  await prepare()
  return runInForeground('bash', [join(ROOT, 'models', 'training', 'train.sh'), ...args])
}

async function runCli(args) {
  loadDotEnv()
  const node = await prepare()
  return runInForeground(node, [join(ROOT, 'src', 'cli', 'main.ts'), ...args], { env: cliEnv(process.env) })
}

/** Points the command line at the stack that runs here, unless the environment names a Redis. */
function cliEnv(env) {
  const base = { ...env, NODE_COMPILE_CACHE: COMPILE_CACHE }
  const stack = runningStack(dataDirOf(env))
  if (env.REDIS_URL || !stack) return base
  const { tokenKey } = openSecrets({ dataDir: dataDirOf(env), env })
  return { ...base, REDIS_URL: stack.redisUrl, TOKEN_KEY: tokenKey, ASSAY_API_URL: stack.apiUrl }
}
