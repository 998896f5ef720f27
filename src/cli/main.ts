import { describeError } from '../errors.ts'
import { applicantCommand } from './applicant.ts'
import { archiveCommand } from './archive.ts'
import { backtestCommand } from './backtest.ts'
import { type Command, isUsageError, parseCommandLine } from './command.ts'
import { deadletterCommand } from './deadletter.ts'
import { exportCommand } from './export.ts'
import { exposureCommand } from './exposure.ts'
import { guardCommand } from './guard.ts'
import { importCommand } from './import.ts'
import { keysCommand } from './keys.ts'
import { loansCommand } from './loans.ts'
import { modelsCommand } from './models.ts'
import { policyCommand } from './policy.ts'
import { replayCommand } from './replay.ts'
import { replayDecisionCommand } from './replay-decision.ts'
import { warningsCommand } from './warnings.ts'
import { webhooksCommand } from './webhooks.ts'

const COMMANDS: readonly Command[] = [
  importCommand,
  exportCommand,
  backtestCommand,
  keysCommand,
  webhooksCommand,
  modelsCommand,
  policyCommand,
  guardCommand,
  deadletterCommand,
  archiveCommand,
  replayCommand,
  replayDecisionCommand,
  loansCommand,
  exposureCommand,
  warningsCommand,
  applicantCommand
]

function printHelp(): void {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length))
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  process.stdout.write(`assay <command> [options]\n\n${lines.join('\n')}\n\nassay <command> --help tells more.\n`)
}

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === '--help' || name === 'help') return printHelp()
  const command = COMMANDS.find((candidate) => candidate.name === name)
  if (command === undefined) {
    process.stderr.write(`assay: there is no command ${name}; assay --help lists them\n`)
    process.exitCode = 2
    return
  }
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
