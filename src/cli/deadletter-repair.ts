import { createPartnerKeys } from '../access/partner-keys.ts'
import { createTenantDirectory } from '../access/tenants.ts'
import { systemClock } from '../clock.ts'
import { loadConfig } from '../config.ts'
import { createEdge } from '../edge/edge.ts'
import { createTokenise } from '../edge/tokens.ts'
import { createBehaviourStore } from '../features/behaviour-store.ts'
import { applyCorrection, correctedLetter, judgeCandidate } from '../inbox/correct.ts'
import { createDeadLetters, type StoredLetter } from '../inbox/dead-letters.ts'
import { keyMarkOf } from '../inbox/judge.ts'
import { type ResendOutcome, resend } from '../inbox/resend.ts'
import { loadFunctions } from '../redis/functions.ts'
import { correctionOf, type DeadLetterCall, findLetter } from './deadletter-call.ts'
import { problemLines } from './deadletter-text.ts'

/** Letters sent again at once. */
const CONCURRENCY = 32

/** assay deadletter fix */
export async function fixLetter(call: DeadLetterCall): Promise<void> {
  const { letters, tokenise, contextFor } = await openChecks(call)
  const stored = await findLetter(letters, call.id)
  const candidate = applyCorrection(stored.letter, correctionOf(call))
  const context = await contextFor([{ id: stored.id, letter: { ...stored.letter, tenant: candidate.tenant } }])
  const verdict = judgeCandidate(candidate, context)
  if (verdict.kind === 'refused') {
    throw new Error(['still wrong, nothing was changed:', ...problemLines(verdict.problems)].join('\n'))
  }
  const corrected = correctedLetter(stored.letter, candidate, { tokenise, nowMs: context.nowMs })
  const newId = await letters.replace(call.id, corrected)
  if (newId === undefined) throw new Error(`${call.id} is no longer there: it was corrected, sent or dropped meanwhile`)
  call.print(`corrected, now ${newId}. Send it: assay deadletter resend ${newId}`)
}

/** assay deadletter resend */
export async function resendLetters(call: DeadLetterCall): Promise<void> {
  const { letters, append, contextFor } = await openChecks(call)
  const counts = { accepted: 0, refused: 0, full: 0 }
  for await (const batch of batchesOf(call, letters)) {
    const context = await contextFor(batch)
    const outcomes = await Promise.all(batch.map((stored) => resend({ ...context, letters, append }, stored)))
    for (const [index, outcome] of outcomes.entries()) {
      counts[outcome.kind]++
      for (const line of staysLines(batch[index]?.id ?? '', outcome)) call.progress(line)
    }
  }
  const stay = counts.refused + counts.full
  if (counts.accepted > 0 || stay === 0) call.print(`${counts.accepted} sent: from now on they count`)
  if (stay > 0) throw new Error(`${stay} stay: ${counts.refused} still wrong, ${counts.full} of a full entity`)
}

async function* batchesOf(
  { values, id }: DeadLetterCall,
  letters: ReturnType<typeof createDeadLetters>
): AsyncGenerator<StoredLetter[]> {
  if (values.all !== true) return yield [await findLetter(letters, id)]
  let batch: StoredLetter[] = []
  for await (const stored of letters.all()) {
    if (values.tenant !== undefined && stored.letter?.tenant !== values.tenant) continue
    batch.push(stored)
    if (batch.length < CONCURRENCY) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function staysLines(id: string, outcome: ResendOutcome): string[] {
  if (outcome.kind === 'accepted') return []
  if (outcome.kind === 'full') return [`${id} stays: one of its entities takes no more events until it is folded`]
  return [`${id} stays, it is still wrong:`, ...problemLines(outcome.problems)]
}

/** The checks of the inbox and the store behind them, with the key of the service. */
async function openChecks({ redis, keys, env }: DeadLetterCall) {
  // Only what sending needs is asked of the environment.
  const { TOKEN_KEY, COMPACT_FROM_BYTES, MAX_ENTITY_BYTES } = env
  const config = loadConfig({ TOKEN_KEY, COMPACT_FROM_BYTES, MAX_ENTITY_BYTES })
  const limits = { compactFromBytes: config.COMPACT_FROM_BYTES, maxEntityBytes: config.MAX_ENTITY_BYTES }
  const tokenise = createTokenise(config.TOKEN_KEY)
  const tenants = createTenantDirectory(createPartnerKeys(redis, keys), 'events', systemClock)
  const edge = createEdge(tokenise)
  await loadFunctions(redis)
  return {
    letters: createDeadLetters(redis, keys),
    tokenise,
    append: createBehaviourStore({ redis, keys, ...limits, nowMs: systemClock.nowMs, onSetAside: () => {} }).append,
    contextFor: async (stored: readonly StoredLetter[]) => {
      requireKey(stored, keyMarkOf(tokenise))
      const names = stored.flatMap(({ letter }) => letter?.tenant ?? [])
      return { edge, nowMs: systemClock.nowMs(), tenants: await tenants(names) }
    }
  }
}

/** Events under another key would count for entities that nobody is. */
function requireKey(stored: readonly StoredLetter[], keyMark: string): void {
  if (stored.some(({ letter }) => letter !== undefined && letter.keyMark !== keyMark)) {
    throw new Error('TOKEN_KEY is not the key of the service that wrote this letter')
  }
}
