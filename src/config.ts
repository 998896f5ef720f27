import { type Static, Type } from 'typebox'
import { compileCheck } from './domain/check.ts'
import { AssayError, type FieldProblem } from './errors.ts'

const port = (description: string, fallback: number) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: fallback, description })
const millis = (description: string, fallback: number) =>
  Type.Integer({ minimum: 1, maximum: 31_536_000_000, default: fallback, description })
const count = (description: string, fallback: number, maximum = 1_000_000) =>
  Type.Integer({ minimum: 1, maximum, default: fallback, description })

/** Every variable of the environment, with its default; .env.example is held equal by a test. */
export const ConfigSchema = Type.Object({
  REDIS_URL: Type.String({
    pattern: '^rediss?://',
    default: 'redis://127.0.0.1:6379',
    description: 'Redis for decisions and behaviour: append-only, noeviction'
  }),
  REDIS_JOBS_URL: Type.String({
    pattern: '^(rediss?://.*)?$',
    default: '',
    description: 'Another Redis for BullMQ; empty is REDIS_URL'
  }),
  REDIS_PREFIX: Type.String({
    pattern: '^[a-z][a-z0-9-]{0,31}$',
    default: 'assay',
    description: 'Keeps installations apart'
  }),
  HOST: Type.String({ minLength: 1, default: '127.0.0.1', description: 'Address the API listens on' }),
  PORT: port('Port of the API; 0 takes a free one', 8080),
  OPS_HOST: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'Address of metrics and health; keep it private'
  }),
  OPS_PORT: port('Port of metrics and health, one per process', 9464),
  OPS_ADMIN_KEY: Type.String({
    pattern: '^([!-~]{24,256})?$',
    default: '',
    description: 'Opens the page of the queues at /queues of the monitor’s ops port; empty: there is no such page'
  }),
  TOKEN_KEY: Type.String({
    pattern: '^[0-9a-f]{64}$',
    description: 'Key of the identity tokens, 32 bytes in hex; whoever has it can look people up'
  }),
  LOG_LEVEL: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    default: 'info',
    description: 'Least level that is logged'
  }),
  DECISION_DEADLINE_MS: millis('A decision is answered by then, or 503', 1000),
  REDIS_TIMEOUT_MS: millis('Longest wait for one reply of Redis', 400),
  SHUTDOWN_DEADLINE_MS: millis('After a signal everything ends by then', 8000),
  MODELS_DIR: Type.String({
    default: '',
    maxLength: 4096,
    description: 'Folder of the models with active.json; empty is models/ of the release'
  }),
  POLICIES_DIR: Type.String({
    default: '',
    maxLength: 4096,
    description: 'Folder of the policies with active.json; empty is policies/ of the release'
  }),
  SCORE_THREADS: count('Scoring threads; one is right on two cores', 1, 64),
  SCORE_BATCH_ROWS: count('Rows of one batch at most', 64, 1024),
  SCORE_QUEUE_ROWS: count('Rows waiting for a thread at most', 2048),
  MAX_IN_FLIGHT: count('Decisions and event posts in progress at most; beyond it 503 (docs/overload.md)', 192),
  MAX_BURST: Type.Integer({
    minimum: 0,
    maximum: 1_000_000,
    default: 192,
    description: 'So many decisions more for a quarter of a second, after a stall'
  }),
  COMPACT_FROM_BYTES: count('Unfolded bytes from which an entity is due for folding', 2048),
  MAX_ENTITY_BYTES: count('Bytes above which an entity takes no more events', 65_536, 16_777_216),
  INBOX_MAX_BACKLOG: count(
    'Notes of entities due for folding, or entries in the inbox, that may wait; beyond it posts of events are answered 429',
    100_000,
    100_000_000
  ),
  OUTBOX_JOBS_PER_SECOND: count(
    'Approvals that become jobs each second at most; the rest waits, decisions come first',
    100,
    100_000
  ),
  OUTBOX_REST_MS: millis(
    'Pause between two rounds of the relays of outbox and webhooks, in which entries gather; decisions come first',
    100
  ),
  JOBS_PER_SECOND: count(
    'Checks of loans that become jobs, and jobs of a queue that run, each second at most; what falls due at once is spread by it',
    200,
    100_000
  ),
  LOAN_LOOK_MS: millis('Pause between two looks for loans of which something is due', 1000),
  JOBS_TIME_ZONE: Type.String({
    pattern: '^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$',
    default: 'Asia/Shanghai',
    description: 'Zone of the daily and monthly jobs, by its IANA name'
  }),
  DECISION_RETENTION_DAYS: count('Days that decisions stay readable', 1825, 36_500),
  LOAN_UTC_OFFSET_MINUTES: Type.Integer({
    default: 480,
    minimum: -720,
    maximum: 840,
    description: 'Zone of the due dates of loans that tell none, in minutes east of UTC'
  }),
  LOAN_GRACE_DAYS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 30,
    description: 'Days after a due date on which loans that tell none are still paid in time'
  }),
  LOG_RETENTION_DAYS: count('Days that folded events stay in the log', 30, 36_500),
  PROFILE_IDLE_DAYS: count('Days without an event after which an entity is forgotten', 400, 36_500),
  ADOPT_FOREIGN_PROFILES: Type.Boolean({
    default: false,
    description:
      'Once no process with another catalogue runs: fold profiles with its tiles, which are lost until a replay from the whole log'
  }),
  WEBHOOK_ALLOW_PRIVATE: Type.Boolean({
    default: false,
    description: 'Development and tests only: webhooks may go to private addresses and over plain http'
  }),
  ALLOW_AS_OF: Type.Boolean({
    default: false,
    description: 'Tests and replays only: the Assay-As-Of header sets the clock'
  })
})
export type Config = Readonly<Static<typeof ConfigSchema>>

const check = compileCheck(ConfigSchema)

/**
 * Reads the environment. Pure; variables that are not ours are left alone, empty ones count as unset.
 *
 * @throws AssayError config_invalid that names every variable with a problem, never its value
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: FieldProblem[] = []
  const values: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(ConfigSchema.properties)) {
    const text = env[name]
    if (text === undefined || text === '') values[name] = (schema as { default?: unknown }).default
    else values[name] = parseVariable(text, (schema as { type?: string }).type)
    if (values[name] === undefined) {
      problems.push({ field: name, problem: text === undefined || text === '' ? 'is not set' : 'is not of its type' })
      delete values[name]
    }
  }
  const checked = check(values)
  if (!checked.ok) {
    for (const { field, problem } of checked.problems) {
      const name = field.slice(1)
      if (!problems.some((known) => known.field === name)) problems.push({ field: name, problem })
    }
  }
  if (!checked.ok || problems.length > 0) throw new AssayError('config_invalid', 'see .env.example', { problems })
  return Object.freeze(checked.value)
}

function parseVariable(text: string, type: string | undefined): unknown {
  if (type === 'integer') return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined
  return text
}
