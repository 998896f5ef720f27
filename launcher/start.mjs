import { join } from 'node:path'
import { developmentKey, runCli } from './dev-key.mjs'
import { dataDirOf, ROOT } from './paths.mjs'
import { say } from './problem.mjs'
import { resolveRedis } from './redis.mjs'
import { claimDataDir } from './runtime-file.mjs'
import { openSecrets } from './secrets.mjs'
import { SERVICES, startStack } from './stack.mjs'
import { stopRequest } from './stop-request.mjs'
import { welcome } from './welcome.mjs'

const CLI_ENTRY = join('src', 'cli', 'main.ts')

/**
 * `npm start`: everything up, one page of what to do with it, and all of it down again at Ctrl-C. Resolves to the
 * exit code. `services` and `cliEntry` are there to be replaced by stand-ins in a test.
 */
export async function start(options) {
  const { node, env, host, port, opsPort, root = ROOT, services = SERVICES, cliEntry = CLI_ENTRY } = options
  const startedAt = new Date()
  const dataDir = dataDirOf(env)
  const redis = await resolveRedis({ env })
  const claim = await claimDataDir(dataDir)
  const stop = stopRequest({ env })
  const ending = new AbortController()
  let stack = null
  // For the ends that leave no time to wait: a second Ctrl-C, or an error of our own.
  const lastResort = () => {
    stack?.kill()
    claim.close()
  }
  process.on('exit', lastResort)

  try {
    const secrets = openSecrets({ dataDir, env })
    const { tokenKey } = secrets
    let runtime = { startedAt, pids: {} }
    const publish = (news) => {
      runtime = { ...runtime, ...news }
      claim.write(runtime)
    }
    const wanted = { root, node, dataDir, env, redis, host, port, opsPort, tokenKey, services }
    stack = await startStack({ ...wanted, report: say, onGiveUp: stop.giveUp, onChange: publish })

    const cliEnv = { ...env, REDIS_URL: stack.redisUrl, TOKEN_KEY: tokenKey, NODE_COMPILE_CACHE: stack.compileCache }
    const cli = runCli({ node, entry: join(root, cliEntry), env: cliEnv, signal: ending.signal })
    const boot = Promise.all([developmentKey({ secrets, cli }), stack.ready()])
    boot.catch(() => {})
    const booted = await Promise.race([boot, stop.asked.then(() => null)])
    if (booted !== null) {
      publish({ apiUrl: stack.apiUrl, opsUrls: stack.opsUrls })
      const seconds = (Date.now() - startedAt.getTime()) / 1000
      process.stdout.write(welcome({ root, stack, key: booted[0], redis, seconds }))
    }
    const reason = await stop.asked
    say(reason ? `${reason}; stopping everything …` : 'Stopping …')
    return reason ? 1 : 0
  } finally {
    ending.abort()
    await stack?.stop()
    stop.close()
    process.off('exit', lastResort)
    claim.close()
  }
}
