import { assertWritable, OptionError, parseStrictly } from '../../command-line.ts'

export const USAGE = `npm run bench:score -- [--json FILE] [--version 1.1.0]

What a score and its reasons cost: microseconds a row at batches of 1, 8 and 32, by onnxruntime alone, through the pool
of threads, and with reasons for every row, in turns; of the model that serves and of 100 made-up trees of depth four.
Then the CPU of a decision of a service of its own at saturation. Ends with the goals; the exit code is 0 whether they
hold or not, 2 for a wrong option. About a minute and a half.

  --json FILE       {rows: [{batch, bare, pool, poolWithReasons}], reasonsShareOfDecision}, of the model that serves
  --version 1.1.0   of credit; else the one that serves by models/active.json
  --help            this text
`

export interface ScoreBenchOptions {
  readonly jsonFile: string | undefined
  readonly version: string | undefined
}

/** The options, or 'help'. @throws OptionError */
export function parseScoreOptions(args: readonly string[]): ScoreBenchOptions | 'help' {
  const options = {
    json: { type: 'string' },
    version: { type: 'string' },
    help: { type: 'boolean', short: 'h' }
  } as const
  const { json, version, help } = parseStrictly({ args: [...args], options }).values
  if (help === true) return 'help'
  if (version !== undefined && !/^\d+\.\d+\.\d+$/.test(version))
    throw new OptionError(`--version takes a version such as 1.1.0; not ${JSON.stringify(version)}`)
  if (json !== undefined) assertWritable(json)
  return { jsonFile: json, version }
}
