import type { GuardEntry, GuardState, Judgement, Restriction } from '../guard/guard-state.ts'
import { RELEASERS_NEEDED, release } from '../guard/judge.ts'
import { loadGuard } from '../guard/load-guard.ts'
import { createGuardStore } from '../guard/redis-guard-store.ts'
import { loadFunctions } from '../redis/functions.ts'
import { createKeys } from '../redis/keys.ts'
import { personOf } from '../serving/approvals.ts'
import { type Command, type CommandArgs, UsageError } from './command.ts'
import { policiesFolder } from './policy-folder.ts'
import { withRedis } from './with-redis.ts'

const HISTORY_LINES = 20
const MAX_TRIES = 3

/** bin/assay guard: what the portfolio guard watches, what it did, and taking it back. */
export const guardCommand: Command = {
  name: 'guard',
  summary: 'Check the portfolio guard’s rules, show what it sees and did, release what it holds back',
  usage: `assay guard check [--policies DIR]
assay guard status [--json]
assay guard release ID --approver NAME --approver NAME [--policies DIR]

  check       reads guard.json of the policies and says what is wrong with it. Needs no Redis
  status      each rule with its value and level, what is restricted, and the newest of the history
  release     takes a restriction back; two different people must say so. Its rule does not act on the same
              again for holdHours of guard.json

  --policies  the folder of the policies; else POLICIES_DIR, as the gateway, or policies/ of the release
  --approver  who releases it; give it twice`,
  options: {
    policies: { type: 'string' },
    approver: { type: 'string', multiple: true },
    json: { type: 'boolean' }
  },
  run: async (args) => {
    const [action, id] = args.positionals
    if (action === 'check') return checkGuard(args)
    if (action === 'status') return showStatus(args)
    if (action === 'release' && id !== undefined) return releaseById(args, id)
    throw new UsageError('assay guard check, status or release ID')
  }
}

async function checkGuard(args: CommandArgs): Promise<void> {
  const { id, policy } = await loadGuard(policiesFolder(args))
  args.print(JSON.stringify({ guard: id, rules: policy.rules.length }))
}

async function showStatus({ values, env, print }: CommandArgs): Promise<void> {
  await withRedis(env, async (redis, prefix) => {
    const store = createGuardStore(redis, createKeys(prefix))
    const { state } = await store.read()
    const history = await store.history(HISTORY_LINES)
    if (values.json === true) return print(JSON.stringify({ ...state, history }))
    for (const line of statusLines(state, history)) print(line)
  })
}

async function releaseById(args: CommandArgs, id: string): Promise<void> {
  const { values, env, print } = args
  const named = Array.isArray(values.approver) ? values.approver.filter((name) => typeof name === 'string') : []
  const people = [...new Set(named.map(personOf))].filter((name) => name !== '')
  if (people.length < RELEASERS_NEEDED)
    throw new UsageError(`${RELEASERS_NEEDED} different people must release it: name each with --approver`)
  const { policy } = await loadGuard(policiesFolder(args))
  await withRedis(env, async (redis, prefix) => {
    await loadFunctions(redis)
    const store = createGuardStore(redis, createKeys(prefix))
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const read = await store.read()
      const released = release(policy, read.state, id, people, Date.now())
      if (released.kind !== 'released') {
        const known = read.state.restrictions.map((restriction) => restriction.id).join(', ') || 'none'
        throw new UsageError(`${id} is not in force; in force: ${known}`)
      }
      if (await store.write(read, released.state, [released.entry]))
        return print(JSON.stringify({ released: id, people, holdHours: policy.holdHours }))
    }
    throw new Error('others kept changing the guard: try again')
  })
}

function statusLines(state: GuardState, history: readonly GuardEntry[]): string[] {
  const checked = state.checkedAtMs === 0 ? 'never' : new Date(state.checkedAtMs).toISOString()
  return [
    `looked ${checked}`,
    ...state.judgements.map(judgementLine),
    state.restrictions.length === 0 ? 'nothing is held back' : 'held back:',
    ...state.restrictions.map(restrictionLine),
    ...(history.length === 0 ? [] : ['history, the newest first:']),
    ...history.map(historyLine)
  ]
}

function judgementLine({ rule, product, of, level, value, count, amber, red }: Judgement): string {
  const seen = value === null ? '-' : value.toPrecision(4)
  return `  ${level.padEnd(8)}${[rule, product, of].filter(Boolean).join('.')} ${seen} of ${count} (amber ${amber}, red ${red})`
}

function restrictionLine({ id, kind, limitShare, value, threshold, sinceMs, untilMs }: Restriction): string {
  const what = kind === 'pause' ? 'paused' : `limits at ${limitShare * 100} %`
  const until = untilMs === null ? 'until released' : `until ${new Date(untilMs).toISOString()}`
  return `  ${id}: ${what} since ${new Date(sinceMs).toISOString()} ${until}; saw ${value.toPrecision(4)}, red from ${threshold}`
}

function historyLine(entry: GuardEntry): string {
  const at = new Date(entry.atMs).toISOString()
  if (entry.kind === 'level') {
    const { rule, product, of, level } = entry.judgement
    return `  ${at} ${[rule, product, of].filter(Boolean).join('.')} ${entry.before} -> ${level}`
  }
  const by = entry.kind === 'released' ? ` by ${entry.people.join(' and ')}` : ''
  return `  ${at} ${entry.restriction.id} ${entry.kind}${by}`
}
