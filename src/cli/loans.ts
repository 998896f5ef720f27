import { createLogSource } from '../features/log-source.ts'
import { loadFunctions } from '../redis/functions.ts'
import { createKeys } from '../redis/keys.ts'
import { addLoanEvents, loanNoteOf } from '../redis/loan-functions.ts'
import { createLogStreams } from '../redis/log-entries.ts'
import { type Command, type CommandArgs, callerPath, required, UsageError } from './command.ts'
import { replayLoans, writeLoans } from './loans-replay.ts'
import { withRedis } from './with-redis.ts'

const DEFAULT_TENANT = 'demo'

/** bin/assay loans: the loan book from a file of events, and from the log. */
export const loansCommand: Command = {
  name: 'loans',
  summary: 'Fold the loans of a file of events, or bring the loan book up to the log',
  usage: `assay loans replay --events FILE --out FILE [--as-of MS] [--tenant NAME] [--utc-offset MINUTES] [--grace DAYS]
assay loans rebuild

  replay        writes each loan of the file as it stood, one a line (docs/loan-book.md). Needs no Redis
  rebuild       notes every loan event of the log in the loan book, while the service runs. What is there
                already stays: a loan knows more than a log that was trimmed. May be run again

  --events      events, one a line, as assay import or assay archive write them
  --as-of       the instant, ms since 1970; the newest event of a loan without it
  --tenant      whose loans they are in a file that does not tell; ${DEFAULT_TENANT} by default
  --utc-offset  zone of the due dates of loans that tell none; 0 by default
  --grace       their days of grace; 0 by default`,
  options: {
    events: { type: 'string' },
    out: { type: 'string' },
    'as-of': { type: 'string' },
    tenant: { type: 'string' },
    'utc-offset': { type: 'string' },
    grace: { type: 'string' }
  },
  run: async (args) => {
    const [action] = args.positionals
    if (action === 'replay') return replay(args)
    if (action === 'rebuild') return rebuild(args)
    throw new UsageError('assay loans replay or assay loans rebuild')
  }
}

async function replay({ values, env, print }: CommandArgs): Promise<void> {
  const [file, out] = [callerPath(required(values, 'events'), env), callerPath(required(values, 'out'), env)]
  const replayed = await replayLoans({
    file,
    tenant: typeof values.tenant === 'string' ? values.tenant : DEFAULT_TENANT,
    defaults: { utcOffsetMinutes: integer(values, 'utc-offset') ?? 0, graceDays: integer(values, 'grace') ?? 0 },
    asOfMs: integer(values, 'as-of')
  })
  await writeLoans(out, replayed)
  const { loans, loanEvents, asOfMs } = replayed
  const states = Map.groupBy(loans, ({ state }) => state)
  const byState = Object.fromEntries([...states].map(([state, of]) => [state, of.length]).toSorted())
  print(JSON.stringify({ loans: loans.length, loanEvents, asOfMs, ...byState }))
}

async function rebuild({ env, print }: CommandArgs): Promise<void> {
  await withRedis(env, async (redis, prefix) => {
    await loadFunctions(redis)
    const keys = createKeys(prefix)
    let events = 0
    let added = 0
    for await (const batch of createLogSource(createLogStreams(redis), keys).read()) {
      const notes = batch.events.flatMap((event) => loanNoteOf(keys, event) ?? [])
      if (notes.length > 0) added += await addLoanEvents(redis, notes)
      events += notes.length
    }
    print(JSON.stringify({ loanEvents: events, added }))
  })
}

function integer(values: CommandArgs['values'], name: string): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  if (typeof text === 'string' && /^-?\d{1,15}$/.test(text)) return Number(text)
  throw new UsageError(`--${name} must be a whole number`)
}
