import { type Command, callerPath, required, UsageError } from './command.ts'
import { importSuperlender } from './import-superlender.ts'
import { writeFiles } from './output.ts'

/** assay import: foreign histories become events and applications of ours. */
export const importCommand: Command = {
  name: 'import',
  summary: 'Turn a data set of a lender into events and applications',
  usage: `assay import superlender DIR --out OUT

  DIR     folder with applications.csv, previous_loans.csv and, if there, demographics.csv; each may be a .csv.gz
  --out   folder for events.ndjson and applications.ndjson; both appear when all rows were read, or neither

Times in the files name no zone: creationdate is taken as UTC and the others as Lagos time, an hour ahead of it. The
outcome of an application is left out where it is not known.
Prints one JSON line that says how much was read.`,
  options: { out: { type: 'string' } },
  run: async ({ positionals: [source, folder], values, env, print }) => {
    if (source !== 'superlender') throw new UsageError(`import ${source ?? ''}: the one source it knows is superlender`)
    if (folder === undefined) throw new UsageError('import superlender needs the folder to read')
    const out = callerPath(required(values, 'out'), env)
    const { events, applications, ...counts } = await importSuperlender(callerPath(folder, env))
    await writeFiles([`${out}/events.ndjson`, `${out}/applications.ndjson`], async ([toEvents, toApplications]) => {
      for (const event of events) await toEvents?.write(`${JSON.stringify(event)}\n`)
      for (const application of applications) await toApplications?.write(`${JSON.stringify(application)}\n`)
    })
    const bads = applications.filter(({ outcome }) => outcome === 'bad').length
    const known = applications.filter(({ outcome }) => outcome !== undefined).length
    print(
      JSON.stringify({
        source,
        events: events.length,
        applications: applications.length,
        bads,
        outcomesKnown: known,
        ...counts,
        timesTakenAs: 'creationdate UTC, others UTC+1'
      })
    )
  }
}
