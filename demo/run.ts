import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { OptionError } from '../load-tests/command-line.ts'
import { createProgress } from '../load-tests/progress.ts'
import { type DemoStack, startDemoStack } from './demo-stack.ts'
import { liveAndSummarise } from './live.ts'
import { readOptions, USAGE } from './options.ts'
import { steadyTraffic } from './steady.ts'
import { summaryText } from './summary.ts'

const DAY_MS = 86_400_000
const NOTE_EVERY_DAYS = 30

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), Date.now())
  if (options === 'help') {
    process.stdout.write(USAGE)
    return
  }
  const ending = new AbortController()
  const end = () => ending.abort(new Error('stopped'))
  process.once('SIGINT', end).once('SIGTERM', end)
  const { signal } = ending
  const progress = createProgress(process.stderr)
  const { seed, people, days, startMs, keep, jsonFile } = options
  let stack: DemoStack | undefined
  try {
    progress.tick('starting a service')
    stack = await startDemoStack({ seed, startMs, usualPorts: keep, note: progress.note, signal })
    if (keep) progress.note(places(stack))
    const summary = await liveAndSummarise(stack, {
      ...{ seed, people, days, startMs, signal },
      onDay: (day, { applications, byProgram, byPerson }) => {
        const date = new Date(startMs + day * DAY_MS).toISOString().slice(0, 10)
        const approved = byProgram.APPROVE + byPerson.APPROVE
        const line = `${date}  ${applications} applications, ${approved} approved`
        if (day % NOTE_EVERY_DAYS === 0 || day === days) progress.note(line)
        else progress.tick(line)
      }
    })
    progress.done()
    process.stdout.write(`\nThe year that was simulated (seed ${seed}):\n\n${summaryText(summary)}\n`)
    if (jsonFile !== undefined)
      await writeFile(
        resolve(process.env.INIT_CWD ?? '.', jsonFile),
        `${JSON.stringify({ options, ...summary }, null, 2)}\n`
      )
    if (keep) {
      process.stdout.write(`\n${places(stack)}\n\nGoing on as steady traffic. Ctrl-C ends everything.\n`)
      await steadyTraffic(stack, { seed, signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    progress.done()
    await stack?.stop()
  }
}

function places({ apiUrl, key, reviewerKey, adminKey, opsUrls }: DemoStack): string {
  const ops = Object.entries(opsUrls).map(([name, url]) => `  ${`metrics of ${name}`.padEnd(22)}${url}/metrics`)
  return [
    `  ${'API'.padEnd(22)}${apiUrl}, its page ${opsUrls.gateway}/docs`,
    `  ${'key of the partner'.padEnd(22)}${key}`,
    `  ${'key of a reviewer'.padEnd(22)}${reviewerKey}`,
    `  ${'queues'.padEnd(22)}${opsUrls.monitor}/queues, any name, password ${adminKey}`,
    ...ops
  ].join('\n')
}

try {
  await main()
} catch (error) {
  if (!(error instanceof OptionError)) throw error
  process.stderr.write(`demo: ${error.message}\n\n${USAGE}`)
  process.exitCode = 2
}
