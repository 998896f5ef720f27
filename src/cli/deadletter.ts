import { createKeys } from '../redis/keys.ts'
import { type Command, type CommandArgs, UsageError } from './command.ts'
import { correctionOf, DEFAULT_LIMIT, type DeadLetterCall, limitOf } from './deadletter-call.ts'
import { dropLetter, listLetters, showLetter } from './deadletter-inspect.ts'
import { fixLetter, resendLetters } from './deadletter-repair.ts'
import { withRedis } from './with-redis.ts'

interface Action {
  readonly options: readonly string[]
  readonly isOfOne: (args: CommandArgs) => boolean
  /** Throws UsageError before anything is opened. */
  readonly check?: (args: CommandArgs) => void
  readonly run: (call: DeadLetterCall) => Promise<void>
}

const ACTIONS: Readonly<Record<string, Action>> = {
  list: {
    options: ['tenant', 'limit', 'json'],
    isOfOne: () => false,
    check: (args) => void limitOf(args),
    run: listLetters
  },
  show: { options: ['json'], isOfOne: () => true, run: showLetter },
  fix: {
    options: ['tenant', 'set', 'unset', 'event'],
    isOfOne: () => true,
    check: (args) => void correctionOf(args),
    run: fixLetter
  },
  resend: {
    options: ['all', 'tenant'],
    isOfOne: ({ values }) => values.all !== true,
    check: ({ values }) => {
      if (values.tenant !== undefined && values.all !== true) throw new UsageError('--tenant goes with --all')
    },
    run: resendLetters
  },
  drop: { options: [], isOfOne: () => true, run: dropLetter }
}

/** bin/assay deadletter: what the inbox could not take, to be looked at, corrected and sent again. */
export const deadletterCommand: Command = {
  name: 'deadletter',
  summary: 'List, correct, resend and drop events that the inbox could not take',
  usage: `assay deadletter list [--tenant NAME] [--limit ${DEFAULT_LIMIT}] [--json]
assay deadletter show ID [--json]
assay deadletter fix ID [--tenant NAME] [--set /POINTER=VALUE]… [--unset /POINTER]… [--event FILE]
assay deadletter resend ID | --all [--tenant NAME]
assay deadletter drop ID

  list      oldest first
  fix       changes the letter if nothing is wrong any more, and says its new id; else says what is
            wrong and changes nothing. The event counts once it is sent again
  resend    through the same checks; the letter goes once its event counts, else it stays

  --tenant  list, resend: letters of this partner only; fix: the partner whose event it is
  --set     a field by its JSON pointer: /occurredAtMs=1740000000000, /data/loanId=loan-7
  --unset   leaves a field out
  --event   file with the whole event as JSON: for what could not be read, or to keep identifiers
            of people out of the shell’s history
  --json    one JSON line for each letter

Uses REDIS_URL, or the Redis of a running npm start; fix and resend also TOKEN_KEY of the service.
Exit code 0 when all was done, 1 when something was refused and stays, 2 for a wrong call.`,
  options: {
    tenant: { type: 'string' },
    limit: { type: 'string' },
    set: { type: 'string', multiple: true },
    unset: { type: 'string', multiple: true },
    event: { type: 'string' },
    all: { type: 'boolean' },
    json: { type: 'boolean' }
  },
  run: async (args) => {
    const [name = '', id, ...rest] = args.positionals
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
    if (action === undefined) throw new UsageError(`deadletter ${name}: say list, show, fix, resend or drop`)
    const foreign = Object.keys(args.values).filter((option) => !action.options.includes(option))
    if (foreign.length > 0) throw new UsageError(`deadletter ${name} takes no --${foreign.join(', --')}`)
    const isOfOne = action.isOfOne(args)
    if (rest.length > 0 || isOfOne !== (id !== undefined)) {
      throw new UsageError(`deadletter ${name} ${isOfOne ? 'takes the id of one letter' : 'takes no id here'}`)
    }
    action.check?.(args)
    return withRedis(args.env, (redis, prefix) =>
      action.run({ ...args, redis, keys: createKeys(prefix), id: id ?? '' })
    )
  }
}
