import { type Command, callerPath, required, UsageError } from './command.ts'
import { importBerka } from './import-berka.ts'
import type { Imported } from './import-source.ts'
import { importSuperlender } from './import-superlender.ts'
import { importUciTaiwan } from './import-uci-taiwan.ts'
import { importXente } from './import-xente.ts'
import { writeFiles } from './output.ts'

const SOURCES: Readonly<Record<string, (folder: string) => Promise<Imported>>> = {
  superlender: importSuperlender,
  xente: importXente,
  berka: importBerka,
  'uci-taiwan': importUciTaiwan
}

/** assay import: foreign histories become events and applications of ours. */
export const importCommand: Command = {
  name: 'import',
  summary: 'Turn a data set of a lender into events and applications',
  usage: `assay import SOURCE DIR --out OUT

  SOURCE  superlender  DIR has applications.csv, previous_loans.csv and, if there, demographics.csv. Times name no zone:
                       creationdate is taken as UTC and the others as Lagos time, an hour ahead of it.
          xente        transactions.csv and purchases.csv; times are taken as UTC.
          berka        transactions.csv (a part may say which: transactions_1993-01_1994-03.csv) and accounts.csv;
                       no applications. Days are days of UTC.
          uci-taiwan   clients.csv; months end in UTC.
  DIR     the folder with these tables; each may be a .csv.gz
  --out   folder for events.ndjson and, where the source has applications, applications.ndjson; they appear when all
          rows were read, or not at all

The outcome of an application is left out where it is not known.
Prints one JSON line that says how much was read, mended and left out. What becomes of what: docs/data.md.`,
  options: { out: { type: 'string' } },
  run: async ({ positionals: [source = '', folder], values, env, print }) => {
    const read = Object.hasOwn(SOURCES, source) ? SOURCES[source] : undefined
    if (read === undefined) {
      const known = Object.keys(SOURCES).join(', ')
      throw new UsageError(`import ${source}: the sources it knows are ${known}`)
    }
    if (folder === undefined) throw new UsageError(`import ${source} needs the folder to read`)
    const out = callerPath(required(values, 'out'), env)
    const imported = await read(callerPath(folder, env))
    await writeImported(out, imported)
    print(JSON.stringify(summaryOf(source, imported)))
  }
}

async function writeImported(out: string, { events, applications }: Imported): Promise<void> {
  const files = [`${out}/events.ndjson`, ...(applications === undefined ? [] : [`${out}/applications.ndjson`])]
  await writeFiles(files, async ([toEvents, toApplications]) => {
    for (const event of events) await toEvents?.write(`${JSON.stringify(event)}\n`)
    for (const application of applications ?? []) await toApplications?.write(`${JSON.stringify(application)}\n`)
  })
}

function summaryOf(source: string, { events, applications, counts, timesTakenAs }: Imported): object {
  const outcomes = applications?.map(({ outcome }) => outcome)
  return {
    source,
    events: events.length,
    ...(outcomes !== undefined && {
      applications: outcomes.length,
      bads: outcomes.filter((outcome) => outcome === 'bad').length,
      outcomesKnown: outcomes.filter((outcome) => outcome !== undefined).length
    }),
    ...counts,
    timesTakenAs
  }
}
