import { pathToFileURL } from 'node:url'
import { systemClock } from '../clock.ts'
import { AssayError } from '../errors.ts'
import { createModelLibrary } from '../explanation/model-library.ts'
import { CATALOGUE } from '../features/catalogue.ts'
import { createQuality } from '../features/quality.ts'
import { createFeatureSet } from '../features/vector.ts'
import { createKeys } from '../redis/keys.ts'
import { createRulesInForce } from '../serving/rules-in-force.ts'
import { type Command, type CommandArgs, callerPath, UsageError } from './command.ts'
import { tenantOf, wholeNumber } from './option-values.ts'
import { createPacer } from './pacer.ts'
import { policiesFolder } from './policy-folder.ts'
import { createServings, loadPolicies, type Servings } from './replay-decision-servings.ts'
import { createKeptDecisionSource, type KeptDecision, type KeptDecisionSource } from './replay-decision-source.ts'
import { BLAMED, createReplayer, type ReplayVerdict } from './replay-decision-verdict.ts'
import { withRedis } from './with-redis.ts'

const MODELS = new URL('../../models/', import.meta.url)
const RATE = { from: 0, to: 1_000_000, fallback: 500 }
const SHOW = { from: 0, to: 100_000, fallback: 10 }
const THREADS = { from: 1, to: 16, fallback: 1 }
const SHOW_EVERY_MS = 2000

/** assay replay-decision: whether kept decisions come out the same again, and what is to blame where they do not. */
export const replayDecisionCommand: Command = {
  name: 'replay-decision',
  summary: 'Make kept decisions again and say what differs',
  usage: `assay replay-decision ID [--tenant NAME] [--models DIR] [--policies DIR]
assay replay-decision --all [--rate N] [--show N] [--threads N] [--models DIR] [--policies DIR]

  ID              the decision
  --tenant NAME   whose it is; without it every partner’s are looked through
  --all           every decision that is kept
  --rate N        decisions a second at most, ${RATE.fallback} by default; 0 is no limit
  --show N        print the first N that are not the same, ${SHOW.fallback} by default
  --threads N     scoring threads, ${THREADS.fallback} by default
  --models DIR    folder of models, models/ by default: models/<role>/<version>/
  --policies DIR  folder of policy files; else POLICIES_DIR, as the gateway, or policies/ of the release

Reads the record: its features go to the model, its score to the policy, and the answer is compared with the stored one to the bit.
A fault of scoring is taken from the trace. Prints a JSON line a decision: same, or what is to blame and the JSON pointer of the
first difference.
  data    the bytes are not those of the ledger, cannot be read, or name a feature set of another release
  model   the model is not there, is another under the same version, or says something else
  policy  the policy is not there or is another, or the rule packs are others
  code    all that is the same, and the answer is another
Changes nothing and is safe while the service serves. --all ends with a line of counts. Exit code 1 unless all are the same.
Uses REDIS_URL, or the Redis of a running npm start.`,
  options: {
    all: { type: 'boolean' },
    tenant: { type: 'string' },
    rate: { type: 'string' },
    show: { type: 'string' },
    threads: { type: 'string' },
    models: { type: 'string' },
    policies: { type: 'string' }
  },
  run: async (args) => {
    const { env, values, print } = args
    const wanted = wantedOf(args)
    const options = { rate: wholeNumber(values, 'rate', RATE), show: wholeNumber(values, 'show', SHOW) }
    const threads = wholeNumber(values, 'threads', THREADS)
    await withRedis(env, async (redis, prefix) => {
      const source = createKeptDecisionSource(redis, createKeys(prefix))
      const featureSet = createFeatureSet(CATALOGUE)
      const quality = createQuality(CATALOGUE)
      const folder = policiesFolder(args)
      const policies = await loadPolicies(folder, featureSet.names, await createRulesInForce(folder)(), args.progress)
      const models = createModelLibrary({ folder: folderOf(args, 'models', MODELS) })
      const servings = createServings({ models, policies, featureSet, quality, threads })
      const replay = createReplayer({ servings, featureSet, quality, monotonicMs: systemClock.monotonicMs })
      try {
        const areSame =
          wanted === 'all'
            ? await replayAll({ source, servings, replay, ...options, ...args })
            : await replayOne(await findOne(source, wanted), replay, print)
        if (!areSame) process.exitCode = 1
      } finally {
        await servings.close()
      }
    })
  }
}

type Replay = (kept: KeptDecision) => Promise<ReplayVerdict>
type Wanted = 'all' | { readonly decisionId: string; readonly tenant: string | undefined }

function wantedOf({ positionals: [decisionId, ...more], values }: CommandArgs): Wanted {
  if (more.length > 0 || (decisionId === undefined) === (values.all !== true))
    throw new UsageError('name one decision, or --all')
  if (decisionId === undefined) return 'all'
  return { decisionId, tenant: values.tenant === undefined ? undefined : tenantOf(values) }
}

function folderOf({ values, env }: CommandArgs, name: string, fallback: URL): URL {
  const folder = values[name]
  return typeof folder === 'string' ? pathToFileURL(`${callerPath(folder, env)}/`) : fallback
}

async function findOne(source: KeptDecisionSource, wanted: Exclude<Wanted, 'all'>): Promise<KeptDecision> {
  const kept = await source.find(wanted.decisionId, wanted.tenant)
  if (kept === undefined) throw new AssayError('not_found', 'no such decision is kept')
  return kept
}

async function replayOne(kept: KeptDecision, replay: Replay, print: CommandArgs['print']): Promise<boolean> {
  const verdict = await replay(kept)
  print(JSON.stringify({ decisionId: kept.decisionId, ...verdict }))
  return verdict.verdict === 'same' || verdict.verdict === 'person'
}

interface ReplayAll extends Pick<CommandArgs, 'print' | 'progress'> {
  readonly source: KeptDecisionSource
  readonly servings: Pick<Servings, 'trim'>
  readonly replay: Replay
  readonly rate: number
  readonly show: number
}

async function replayAll({ source, servings, replay, rate, show, print, progress }: ReplayAll): Promise<boolean> {
  const pace = createPacer(rate)
  const counts = {
    decisions: 0,
    same: 0,
    person: 0,
    ...Object.fromEntries(BLAMED.map((blamed) => [blamed, 0]))
  } as Counts
  let shownAtMs = systemClock.monotonicMs()
  for await (const part of source.all()) {
    const verdicts = await Promise.all(part.map(replay))
    verdicts.forEach((verdict, index) => {
      counts.decisions++
      counts[verdict.verdict]++
      if ('at' in verdict && counts.decisions - counts.same - counts.person <= show)
        print(JSON.stringify({ decisionId: part[index]?.decisionId, ...verdict }))
    })
    await servings.trim()
    await pace(part.length)
    if (systemClock.monotonicMs() - shownAtMs < SHOW_EVERY_MS) continue
    shownAtMs = systemClock.monotonicMs()
    progress(
      `replay-decision: ${counts.decisions} decisions, ${counts.decisions - counts.same - counts.person} not the same`
    )
  }
  print(JSON.stringify(counts))
  return counts.same + counts.person === counts.decisions
}

type Counts = Record<ReplayVerdict['verdict'] | 'decisions', number>
