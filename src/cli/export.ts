import { submittedEvent } from '../decisions/decide.ts'
import { CATALOGUE } from '../features/catalogue.ts'
import { describeFeature } from '../features/describe.ts'
import { createOfflineBehaviour, replay } from '../features/offline.ts'
import { createFeatureSet } from '../features/vector.ts'
import { type Command, callerPath, required } from './command.ts'
import { readHistories } from './history-files.ts'
import { writeFiles } from './output.ts'

/** As live by default (COMPACT_FROM_BYTES in src/config.ts); it changes no value. */
export const OFFLINE_COMPACT_FROM_BYTES = 2048

const FACTS = ['birthYear', 'employment', 'education', 'bankAccountType'] as const

/** assay export: what every application looked like at its own instant, as a table to train on. */
export const exportCommand: Command = {
  name: 'export',
  summary: 'Write the training table: every feature as of each application',
  usage: `assay export --events events.ndjson --applications applications.ndjson --out table.csv

  --events         canonical events, one a line, in any order
  --applications   applications with asOf and, where known, outcome
  --out            the table: applicationId, asOf, outcome, then every feature of the catalogue; empty is missing.
                   Beside it go table.features.json, the catalogue that made it, and table.facts.csv, facts of the
                   applicants that no model reads: training compares itself with them and tests fairness by them.

An application sees the events up to its asOf and its own, nothing later: the features are those live would compute.`,
  options: { events: { type: 'string' }, applications: { type: 'string' }, out: { type: 'string' } },
  run: async ({ values, env, print }) => {
    const path = (name: string) => callerPath(required(values, name), env)
    const [eventsFile, applicationsFile, out] = [path('events'), path('applications'), path('out')]
    const histories = await readHistories(eventsFile, applicationsFile)
    const featureSet = createFeatureSet(CATALOGUE)
    const behaviour = createOfflineBehaviour({ compactFromBytes: OFFLINE_COMPACT_FROM_BYTES })
    let rows = 0
    const stem = out.replace(/\.csv$/, '')
    await writeFiles([out, `${stem}.features.json`, `${stem}.facts.csv`], async ([table, catalogue, factsTable]) => {
      const description = { featureSet: featureSet.id, features: CATALOGUE.map(describeFeature) }
      await catalogue?.write(`${JSON.stringify(description, null, 2)}\n`)
      await table?.write(`applicationId,asOf,outcome,${featureSet.names.join(',')}\n`)
      await factsTable?.write(`applicationId,${FACTS.join(',')}\n`)
      for (const { past, features } of replay({ ...histories, behaviour, featureSet, submittedEvent })) {
        const { application, asOf, outcome = '' } = past
        await table?.write(`${application.applicationId},${asOf},${outcome},${cells(features.values)}\n`)
        const facts = FACTS.map((fact) => application.facts[fact] ?? '')
        await factsTable?.write(`${application.applicationId},${facts.join(',')}\n`)
        rows++
      }
    })
    print(
      JSON.stringify({
        rows,
        events: histories.events.length,
        features: featureSet.names.length,
        featureSet: featureSet.id
      })
    )
  }
}

/** The shortest text that reads back as the same double; nothing for missing. */
function cells(values: Float64Array): string {
  return Array.from(values, (value) => (Number.isNaN(value) ? '' : String(value))).join(',')
}
