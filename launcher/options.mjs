import { parseArgs } from 'node:util'
import { Problem } from './problem.mjs'

export const START_HELP = `node run.mjs start [--port N] [--host ADDRESS]      (npm start -- --port 9000)

Starts Redis, the gateway, ingest and monitor on this machine and prints how to reach them.

  --port N        the API's port; without it PORT, else 8080 or the next free one
  --host ADDRESS  the API's address; without it HOST, else 127.0.0.1
  --help          this text

Environment, also from a file .env here:
  REDIS_URL       use this Redis instead of starting one
  OPS_PORT        the first of three ports for metrics and readiness; else 9464 or the next free ones
  TOKEN_KEY       64 hexadecimal characters; else one is made and kept in .data
  ASSAY_DATA_DIR  where data, logs and development secrets are kept; else .data
`

/** The options of `start`: what the arguments say, else what the environment says. Null ports mean any that is free. */
export function startOptions(args, env) {
  const { port, host, help } = parse(args)
  const wantedPort = port ?? env.PORT
  return {
    help: help === true,
    host: host ?? (env.HOST || '127.0.0.1'),
    port: wantedPort ? portNumber(wantedPort, port ? '--port' : 'PORT') : null,
    opsPort: env.OPS_PORT ? portNumber(env.OPS_PORT, 'OPS_PORT') : null
  }
}

function parse(args) {
  const options = { port: { type: 'string' }, host: { type: 'string' }, help: { type: 'boolean', short: 'h' } }
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new Problem(`${error.message.split('.')[0]}.\n\n${START_HELP}`, { exitCode: 2 })
  }
}

function portNumber(text, name) {
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65536) return port
  throw new Problem(`${name} must be a port between 1 and 65535; it is ${JSON.stringify(text)}.`, { exitCode: 2 })
}
