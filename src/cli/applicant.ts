import { systemClock } from '../clock.ts'
import { findKeptDecisions } from '../decisions/redis-kept-decisions.ts'
import { compileCheck } from '../domain/check.ts'
import { ApplicantIdSchema } from '../domain/ids.ts'
import { AssayError } from '../errors.ts'
import { createEntityStore } from '../features/entity-store.ts'
import { type EraseProgress, eraseApplicant } from '../features/erase.ts'
import { createDeadLetters, type DeadLetters } from '../inbox/dead-letters.ts'
import { loadFunctions } from '../redis/functions.ts'
import { createKeys } from '../redis/keys.ts'
import { createLogStreams } from '../redis/log-entries.ts'
import { type Command, type CommandArgs, required, UsageError } from './command.ts'
import { tenantOf, tokensOf, wholeNumber } from './option-values.ts'
import { createPacer } from './pacer.ts'
import { withRedis } from './with-redis.ts'

const RATE = { from: 0, to: 10_000_000, fallback: 20_000 }
const SHOW_EVERY_MS = 2000

const checkApplicant = compileCheck(ApplicantIdSchema)

/** assay applicant erase: one person’s behaviour, everywhere. */
export const applicantCommand: Command = {
  name: 'applicant',
  summary: 'Erase the behaviour of one person',
  usage: `assay applicant erase --tenant NAME --applicant ID [--dry-run] [--rate N]

  --tenant      the partner whose applicant it is
  --applicant   the partner’s id of the person; it is turned into its token and neither printed nor kept
  --dry-run     tell what would go and write nothing
  --rate N      log entries and keys a second at most, ${RATE.fallback} by default; 0 is no limit

Removes the log entries of the person, the person’s entity, the person’s records in every device, ip, phone and card, and dead
letters.
Counts of older events, which name nobody, stay. Safe while the service serves, and to repeat: events that arrive meanwhile are
counted as arrived and erased too. Exit code 1 when something could not be erased: run it again.
Prints one JSON line with what went and, under kept, what the law wants kept and until when.
Refused while a replay runs, which would bring back what it has read.
TOKEN_KEY must be the gateway’s. Uses REDIS_URL, or the Redis of a running npm start.`,
  options: {
    tenant: { type: 'string' },
    applicant: { type: 'string' },
    'dry-run': { type: 'boolean' },
    rate: { type: 'string' }
  },
  run: async ({ positionals: [action], values, env, print, progress }) => {
    if (action !== 'erase') throw new UsageError('applicant: the one thing to do is erase')
    const request = requestOf(values, env)
    await withRedis(env, async (redis, prefix) => {
      await loadFunctions(redis)
      const keys = createKeys(prefix)
      // It would write again what it read before the erasure.
      if (!request.isDryRun && (await redis.exists(keys.replay())) === 1)
        throw new AssayError(
          'config_invalid',
          'a replay is under way or was killed: let it end first (replay --resume)'
        )
      const deps = {
        streams: createLogStreams(redis),
        store: createEntityStore(redis),
        keys,
        pace: createPacer(wholeNumber(values, 'rate', RATE)),
        onProgress: createProgress(progress)
      }
      const { isComplete, ...erased } = await eraseApplicant(deps, request)
      const deadLetters = await eraseLetters(createDeadLetters(redis, keys), request)
      const kept = await findKeptDecisions({ redis, keys, nowMs: systemClock.nowMs() }, request)
      print(
        JSON.stringify({
          dryRun: request.isDryRun,
          complete: isComplete,
          ...erased,
          deadLetters,
          kept: describeKept(kept)
        })
      )
      if (!isComplete) process.exitCode = 1
    })
  }
}

function requestOf(values: CommandArgs['values'], env: CommandArgs['env']) {
  const [tenant, applicantId] = [tenantOf(values), required(values, 'applicant')]
  if (!checkApplicant(applicantId).ok) throw new UsageError('--applicant is no id that an applicant can have')
  const token = tokensOf(env)(tenant, 'applicant', applicantId)
  return { tenant, applicantId, token, isDryRun: values['dry-run'] === true }
}

/** Letters name the person as the partner does. What is still in the inbox becomes an event or a letter in a moment. */
async function eraseLetters(
  letters: DeadLetters,
  { tenant, applicantId, isDryRun }: ReturnType<typeof requestOf>
): Promise<number> {
  let erased = 0
  for await (const { id, letter } of letters.all()) {
    if (letter?.event?.applicantId !== applicantId) continue
    // Whose entry without a tenant was nobody knows; it may be this partner’s.
    if (letter.tenant !== tenant && letter.tenant !== null) continue
    if (isDryRun || (await letters.remove(id))) erased++
  }
  return erased
}

/** What stays, why, and until when. docs/redis.md says the same. */
function describeKept({ decisions, untilMs }: Awaited<ReturnType<typeof findKeptDecisions>>): object[] {
  const until = untilMs === null ? null : new Date(untilMs).toISOString()
  return [
    { what: 'decision records, with the answer and the tokens they were made from', count: decisions, until },
    {
      what: 'what is owed and what offers hold: the token, ids and amounts',
      until: 'a day after the last offer, 400 days after the last loan was closed'
    },
    { what: 'claims and idempotency keys of these applications, without identity', until },
    { what: 'ledger: id and digest of each decision, without identity', until: null },
    {
      what: 'counts of older events in the tiles of shared devices, ips, phones and cards, without identity',
      until: null
    },
    { what: 'log bytes of erased entries inside Redis’ own files', until: 'the log is trimmed (LOG_RETENTION_DAYS)' },
    { what: 'archives and backups made before: a replay from them would bring the person back', until: null }
  ]
}

function createProgress(show: CommandArgs['progress']): (progress: EraseProgress) => void {
  let shownAtMs = systemClock.monotonicMs()
  return ({ logEntries, entities }) => {
    if (systemClock.monotonicMs() - shownAtMs < SHOW_EVERY_MS) return
    shownAtMs = systemClock.monotonicMs()
    show(`erase: ${logEntries} log entries and ${entities} entities read`)
  }
}
