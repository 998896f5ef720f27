import { describeError } from '../errors.ts'
import { type Command, isUsageError, parseCommandLine } from './command.ts'

/** Each is loaded when it is called: half of the time of a short one was the loading of all the others. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  import: async () => (await import('./import.ts')).importCommand,
  export: async () => (await import('./export.ts')).exportCommand,
  backtest: async () => (await import('./backtest.ts')).backtestCommand,
  keys: async () => (await import('./keys.ts')).keysCommand,
  webhooks: async () => (await import('./webhooks.ts')).webhooksCommand,
  models: async () => (await import('./models.ts')).modelsCommand,
  policy: async () => (await import('./policy.ts')).policyCommand,
  guard: async () => (await import('./guard.ts')).guardCommand,
  deadletter: async () => (await import('./deadletter.ts')).deadletterCommand,
  archive: async () => (await import('./archive.ts')).archiveCommand,
  replay: async () => (await import('./replay.ts')).replayCommand,
  'replay-decision': async () => (await import('./replay-decision.ts')).replayDecisionCommand,
  loans: async () => (await import('./loans.ts')).loansCommand,
  exposure: async () => (await import('./exposure.ts')).exposureCommand,
  warnings: async () => (await import('./warnings.ts')).warningsCommand,
  applicant: async () => (await import('./applicant.ts')).applicantCommand
}

async function printHelp(): Promise<void> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()))
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  process.stdout.write(`assay <command> [options]\n\n${lines.join('\n')}\n\nassay <command> --help tells more.\n`)
}

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === '--help' || name === 'help') return printHelp()
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load === undefined) {
    process.stderr.write(`assay: there is no command ${name}; assay --help lists them\n`)
    process.exitCode = 2
    return
  }
  const command = await load()
  if (args.includes('--help')) {
    process.stdout.write(`${command.summary}\n\n${command.usage}\n`)
    return
  }
  try {
    await command.run({
      ...parseCommandLine(command, args),
      env: process.env,
      print: (line) => void process.stdout.write(`${line}\n`),
      progress: (line) => void process.stderr.write(`${line}\n`)
    })
  } catch (error) {
    process.stderr.write(`assay ${name}: ${describeError(error)}\n`)
    if (isUsageError(error)) process.stderr.write(`\n${command.usage}\n`)
    process.exitCode = isUsageError(error) ? 2 : 1
  }
}

await main(process.argv.slice(2))
