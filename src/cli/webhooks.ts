import { loadConfig } from '../config.ts'
import { loadFunctions } from '../redis/functions.ts'
import { createKeys } from '../redis/keys.ts'
import { WEBHOOK_TYPES } from '../webhooks/event.ts'
import { createDeliveries } from '../webhooks/redis-deliveries.ts'
import { createEndpoints } from '../webhooks/redis-endpoints.ts'
import { createSeal, type Seal } from '../webhooks/seal.ts'
import { type Command, UsageError } from './command.ts'
import { DEFAULT_DEAD_LIMIT, listDead, resendDead } from './webhooks-dead.ts'
import {
  addEndpoint,
  DEFAULT_OVERLAP_HOURS,
  enableEndpoint,
  listEndpoints,
  removeEndpoint,
  rotateEndpoint,
  testEndpoint,
  type WebhooksCall
} from './webhooks-endpoints.ts'
import { withRedis } from './with-redis.ts'

interface Action {
  readonly options: readonly string[]
  readonly takesId: boolean
  /** Whether it makes or reads secrets. */
  readonly needsKey?: boolean
  readonly run: (call: WebhooksCall) => Promise<void>
}

const ACTIONS: Readonly<Record<string, Action>> = {
  add: { options: ['tenant', 'url', 'types', 'json'], takesId: false, needsKey: true, run: addEndpoint },
  list: { options: ['tenant', 'json'], takesId: false, run: listEndpoints },
  remove: { options: [], takesId: true, run: removeEndpoint },
  rotate: { options: ['overlap-hours', 'json'], takesId: true, needsKey: true, run: rotateEndpoint },
  enable: { options: [], takesId: true, run: enableEndpoint },
  test: { options: [], takesId: true, needsKey: true, run: testEndpoint },
  dead: { options: ['tenant', 'limit', 'json'], takesId: false, run: listDead },
  resend: { options: [], takesId: true, run: resendDead }
}
const NAMES = Object.keys(ACTIONS).join(', ')

/** bin/assay webhooks: where partners are told, and what could not be delivered. */
export const webhooksCommand: Command = {
  name: 'webhooks',
  summary: 'Endpoints of partners that are told of events, their keys, and deliveries that were given up',
  usage: `assay webhooks add --tenant NAME --url URL [--types ${WEBHOOK_TYPES.join(',')}] [--json]
assay webhooks list [--tenant NAME] [--json]
assay webhooks remove ENDPOINT
assay webhooks rotate ENDPOINT [--overlap-hours ${DEFAULT_OVERLAP_HOURS}] [--json]
assay webhooks enable ENDPOINT
assay webhooks test ENDPOINT
assay webhooks dead [--tenant NAME] [--limit ${DEFAULT_DEAD_LIMIT}] [--json]
assay webhooks resend DELIVERY

  add       shows the secret once; it is kept encrypted under TOKEN_KEY, because it signs
  rotate    a new key, shown once; the one before it signs as well until the overlap is over
  enable    tells an endpoint again that was switched off because it answered 410
  test      sends a signed event of the type webhook.test now; exit code 0 when it is taken
  dead      deliveries that were given up, the newest first
  resend    queues one of them again

  --types   what the endpoint is told of, comma-separated; all of it by default
  --json    JSON lines

Uses REDIS_URL, or the Redis of a running npm start; add, rotate and test also TOKEN_KEY of the service,
add and test WEBHOOK_ALLOW_PRIVATE.`,
  options: {
    tenant: { type: 'string' },
    url: { type: 'string' },
    types: { type: 'string' },
    'overlap-hours': { type: 'string' },
    limit: { type: 'string' },
    json: { type: 'boolean' }
  },
  run: async (args) => {
    const [name = '', id, ...rest] = args.positionals
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
    if (action === undefined) throw new UsageError(`webhooks ${name}: say ${NAMES}`)
    const foreign = Object.keys(args.values).filter((option) => !action.options.includes(option))
    if (foreign.length > 0) throw new UsageError(`webhooks ${name} takes no --${foreign.join(', --')}`)
    if (rest.length > 0 || action.takesId !== (id !== undefined))
      throw new UsageError(`webhooks ${name} ${action.takesId ? 'takes one id' : 'takes no id'}`)
    const { TOKEN_KEY, WEBHOOK_ALLOW_PRIVATE } = args.env
    const config = action.needsKey === true ? loadConfig({ TOKEN_KEY, WEBHOOK_ALLOW_PRIVATE }) : undefined
    await withRedis(args.env, async (redis, prefix) => {
      await loadFunctions(redis)
      const keys = createKeys(prefix)
      await action.run({
        ...args,
        id: id ?? '',
        endpoints: createEndpoints(redis, keys, config === undefined ? NO_SEAL : createSeal(config.TOKEN_KEY)),
        deliveries: createDeliveries(redis, keys),
        rule: config?.WEBHOOK_ALLOW_PRIVATE === true ? 'any' : 'public'
      })
    })
  }
}

const noKey = (): never => {
  throw new Error('this action was not given the key')
}
const NO_SEAL: Seal = { close: noKey, open: noKey }
