import { systemClock } from '../clock.ts'
import { createKeys, PARTITIONS } from '../redis/keys.ts'
import { type Command, type CommandArgs, UsageError } from './command.ts'
import { type CheckDeps, type CheckSummary, checkExposures } from './exposure-check.ts'
import { wholeNumber } from './option-values.ts'
import { createPacer } from './pacer.ts'
import { withRedis } from './with-redis.ts'

const RATE = { from: 0, to: 10_000_000, fallback: 5000 }
const SHOW = { from: 0, to: 100_000, fallback: 20 }

/** assay exposure: whether what applicants owe is what decisions and log say. */
export const exposureCommand: Command = {
  name: 'exposure',
  summary: 'Compare what each applicant owes with what decisions and log say',
  usage: `assay exposure check [--repair] [--rate N] [--show N]

  --repair  puts what was folded in the place of what differs, unless it changes meanwhile
  --rate    entries of log and ledger, decisions and applicants a second at most, ${RATE.fallback} by default; 0 is no limit
  --show    print the first N that are not the same, ${SHOW.fallback} by default

Folds the log, the ledger and the decisions of one partition after the other, and compares them with what is stored of each
applicant (docs/exposure.md). Prints a JSON line for each that differs, by the token of the applicant, and one of counts.
  less        less is stored than is owed: the limit could be exceeded
  more        more is stored than is owed: less is offered than could be
  other       the same sum of other offers or loans
  unknown     something did not fit, so that a person decides
  unreadable  what is stored is no exposure
Without --repair it changes nothing; with and without it is safe while the service serves. Where the log was trimmed a repair takes
nothing away but loans that are known to be closed. Exit code 1 if anything is less, more, other or unreadable, and was not repaired.
Uses REDIS_URL, or the Redis of a running npm start.`,
  options: { repair: { type: 'boolean' }, rate: { type: 'string' }, show: { type: 'string' } },
  run: async (args) => {
    if (args.positionals.join(' ') !== 'check') throw new UsageError('assay exposure check')
    const [rate, show] = [wholeNumber(args.values, 'rate', RATE), wholeNumber(args.values, 'show', SHOW)]
    await withRedis(args.env, async (redis, prefix) => {
      const pace = createPacer(rate)
      const isRepair = args.values.repair === true
      const deps = { redis, keys: createKeys(prefix), pace, nowMs: systemClock.nowMs, isRepair }
      const isRight = await check(deps, show, args)
      if (!isRight) process.exitCode = 1
    })
  }
}

async function check(
  deps: Omit<CheckDeps, 'onChecked' | 'onPartition'>,
  show: number,
  { print, progress }: Pick<CommandArgs, 'print' | 'progress'>
): Promise<boolean> {
  let [shown, isRight] = [0, true]
  const summary = await checkExposures({
    ...deps,
    onChecked: async ({ tenant, applicant, verdict, owed, entries, repaired }) => {
      if (repaired !== 'written' && repaired !== 'removed' && verdict !== 'unknown') isRight = false
      if (shown++ < show) print(JSON.stringify({ tenant, applicant, verdict, owed, entries, repaired }))
    },
    onPartition: (done) => progress(`exposure: ${done} of ${PARTITIONS} partitions`)
  })
  print(JSON.stringify(lineOf(summary)))
  return isRight
}

function lineOf({ outcomes, ...sums }: CheckSummary) {
  return { ...sums, ...outcomes }
}
