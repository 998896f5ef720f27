import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { backtest, backtestCommand } from '../../src/cli/backtest.ts'
import { parseCommandLine } from '../../src/cli/command.ts'
import { importCommand } from '../../src/cli/import.ts'
import { policiesFolderOf, policyText, strictText } from '../serving/policy-folders.ts'
import { assay, ROOT } from '../support/gateway-process.ts'
import { MADE_UP, readLines, runCommand, workFolder } from './run-command.ts'

type Stopping = Pick<AbortSignal, 'aborted'>
const NEVER: Stopping = new AbortController().signal

interface Line {
  readonly applicationId: string
  readonly outcome?: 'good' | 'bad'
  readonly pd: number
  readonly band: string | null
  readonly decision: string
}

interface Row {
  readonly segment: string
  readonly [figure: string]: unknown
}

interface Summary {
  readonly policy: string
  readonly strategy: readonly Row[]
  readonly approvalRate: number
  readonly badRateOfApproved: number
  readonly [figure: string]: unknown
}

/** Nobody of the made-up people is refused for anything but the score. */
const LENIENT = policyText('lenient', (policy) => {
  policy.velocity.splice(0)
  const { firstLoanBand, pricing, ...rest } = policy
  for (const key of Object.keys(policy)) delete (policy as Record<string, unknown>)[key]
  Object.assign(policy, rest)
  for (const band of policy.bands as { action: string; nominalRate: number | null; limitShare: number }[])
    Object.assign(band, { action: 'APPROVE', nominalRate: 0.15, limitShare: 1 })
})

async function setUp() {
  const folder = await workFolder()
  await runCommand(importCommand, 'superlender', MADE_UP, '--out', folder)
  const policies = await policiesFolderOf({ lenient: LENIENT, strict: strictText('strict') })
  const inputs = ['--events', join(folder, 'events.ndjson'), '--applications', join(folder, 'applications.ndjson')]
  const run = async (out: string, options: readonly string[], stopping = NEVER) => {
    const [printed, told]: [string[], string[]] = [[], []]
    const before = process.exitCode
    process.exitCode = 0
    const args = [...options, '--policies', fileURLToPath(policies), '--out', join(folder, out)]
    await backtest(
      {
        ...parseCommandLine(backtestCommand, args),
        env: {},
        print: (line) => void printed.push(line),
        progress: (line) => void told.push(line)
      },
      stopping
    )
    const exitCode = Number(process.exitCode)
    process.exitCode = before
    const summary = JSON.parse(printed.at(-1) ?? '{}') as Summary
    return { printed, told, exitCode, summary }
  }
  const linesOf = (out: string) => readLines<Line>(join(folder, out))
  const textOf = (out: string) => readFile(join(folder, out), 'utf8')
  return { folder, inputs, run, linesOf, textOf }
}

/** Ends a run after so many decisions. */
function after(decisions: number): Stopping {
  let asked = 0
  return {
    get aborted() {
      return asked++ >= decisions
    }
  }
}

const sameButSpeed = ({ decisionsPerSecond: _, ...summary }: Summary) => summary
const rowOf = ({ strategy }: Pick<Summary, 'strategy'>, segment: string) =>
  strategy.find((row) => row.segment === segment)

test('the strategy table says what the lines of its output come to, by band and segment, before the last line', async () => {
  const { run, inputs, linesOf } = await setUp()
  const { printed, summary } = await run('d.ndjson', [...inputs, '--policy', 'lenient'])
  const lines = await linesOf('d.ndjson')
  for (const segment of ['all', ...new Set(lines.map(({ band }) => `band: ${band}`))]) {
    const of = lines.filter(({ band }) => segment === 'all' || segment === `band: ${band}`)
    const approved = of.filter(({ decision }) => decision === 'APPROVE')
    const share = (part: readonly Line[], whole: readonly Line[]) =>
      whole.length === 0 ? null : part.length / whole.length
    expect(rowOf(summary, segment)).toMatchObject({
      currency: 'NGN',
      applications: of.length,
      approvalRate: share(approved, of),
      badRate: share(
        of.filter(({ outcome }) => outcome === 'bad'),
        of
      ),
      badRateOfApproved: share(
        approved.filter(({ outcome }) => outcome === 'bad'),
        approved
      )
    })
  }
  expect(summary.approvalRate).toBeGreaterThan(0)
  expect(summary.strategy.map(({ segment }) => segment)).toEqual(expect.arrayContaining(['product: cash']))
  const total = (name: string) =>
    summary.strategy
      .filter(({ segment }) => segment.startsWith('band'))
      .reduce((sum, row) => sum + Number(row[name]), 0)
  for (const figure of [
    'grantedMinor',
    'expectedLossMinor',
    'realisedLossMinor',
    'expectedMarginMinor',
    'realisedMarginMinor'
  ])
    expect(Math.abs(total(figure) - Number(rowOf(summary, 'all')?.[figure])), figure).toBeLessThan(6)
  expect(printed[0]).toMatch(/^lenient@sha256:/)
  expect(printed.findLastIndex((line) => line.startsWith('product: cash'))).toBe(printed.length - 3)
})

test('what was scored once is decided by another policy as by a whole backtest, and compared with the active one', async () => {
  const { run, inputs, linesOf, folder } = await setUp()
  const active = await run('active.ndjson', [...inputs, '--vectors'])
  expect(active.summary.policy).toMatch(/^one@/)
  const whole = await run('whole.ndjson', [...inputs, '--policy', 'lenient'])
  const decided = ['--decided', join(folder, 'active.ndjson')]
  const quick = await run('quick.ndjson', [...decided, '--policy', 'lenient', '--compare'])
  const { compared, swapSet, ...summary } = quick.summary as Summary & { compared: Summary; swapSet: SwapSet }
  expect(sameButSpeed(summary)).toEqual(sameButSpeed(whole.summary))
  const bare = (lines: readonly Line[]) =>
    lines.map(({ applicationId, pd, band, decision }) => [applicationId, pd, band, decision])
  expect(bare(await linesOf('quick.ndjson'))).toEqual(bare(await linesOf('whole.ndjson')))

  expect(compared.strategy).toEqual(active.summary.strategy)
  const [before, now] = [await linesOf('active.ndjson'), await linesOf('quick.ndjson')]
  const swapped = (from: boolean) =>
    before.filter(({ decision }, at) => (decision === 'APPROVE') === from && (now[at]?.decision === 'APPROVE') !== from)
  expect(swapSet.segments.find(({ segment }) => segment === 'all')).toMatchObject({
    decisions: 12,
    swapIn: swapped(false).length,
    swapOut: swapped(true).length,
    approvalRate: { decided: active.summary.approvalRate, shadow: whole.summary.approvalRate }
  })
  expect(swapped(false).length).toBeGreaterThan(0)
  expect((await run('again.ndjson', [...inputs, '--policy', 'lenient', '--compare'])).summary).toMatchObject({
    compared,
    swapSet
  })
})

interface SwapSet {
  readonly segments: readonly { readonly segment: string }[]
}

test('a backtest that was stopped goes on to the very bytes and figures of one that was not', async () => {
  const { run, inputs, textOf, folder } = await setUp()
  const whole = await run('whole.ndjson', [...inputs, '--vectors', '--policy', 'lenient', '--compare'])
  const sources = [
    [...inputs, '--vectors'],
    ['--decided', join(folder, 'whole.ndjson'), '--vectors']
  ]
  for (const [index, source] of sources.entries()) {
    const out = `part-${index}.ndjson`
    const options = [...source, '--policy', 'lenient', '--compare']
    const stopped = await run(out, options, after(5))
    expect([stopped.exitCode, stopped.printed]).toEqual([130, []])
    expect(stopped.told.at(-1)).toMatch(/stopped after 5 decisions; the same call with --resume goes on/)
    expect(existsSync(join(folder, out))).toBe(false)
    // What a kill leaves behind its last checkpoint is decided again.
    await appendFile(join(folder, `${out}.part`), '{"half a li')
    await run(out, [...options, '--resume'], after(3))
    const { summary } = await run(out, [...options, '--resume'])
    expect(sameButSpeed(summary)).toEqual(sameButSpeed(whole.summary))
    const expected = index === 0 ? await textOf('whole.ndjson') : withoutScoreReasons(await textOf('whole.ndjson'))
    expect(index === 0 ? await textOf(out) : withoutScoreReasons(await textOf(out))).toBe(expected)
  }
  expect((await readdir(folder)).filter((name) => /part$|resume/.test(name))).toEqual([])
})

const withoutScoreReasons = (text: string) => text.replaceAll(/"reasons":\[[^\]]*\]/g, '"reasons":[]')

test('a stopped backtest is resumed by the same call only', async () => {
  const { run, inputs } = await setUp()
  await expect(run('d.ndjson', [...inputs, '--resume'])).rejects.toThrow(/nothing to resume/)
  await run('d.ndjson', [...inputs, '--policy', 'lenient'], after(2))
  for (const other of [
    ['--policy', 'strict'],
    ['--policy', 'lenient', '--vectors'],
    ['--policy', 'lenient', '--lgd', '0.5']
  ])
    await expect(run('d.ndjson', [...inputs, ...other, '--resume']), other.join(' ')).rejects.toThrow(
      /other files, another policy/
    )
  expect((await run('d.ndjson', [...inputs, '--policy', 'lenient', '--resume'])).summary).toMatchObject({ n: 12 })
})

test('Ctrl-C ends the process with a state to resume', async () => {
  const { inputs, folder, textOf } = await setUp()
  // In a process of its own as well: the fingerprint of the features is of code as it runs there.
  await assay(['backtest', ...inputs, '--vectors', '--out', join(folder, 'cases.ndjson')])
  const cases = await textOf('cases.ndjson')
  const many = Array.from({ length: 300 }, (_, copy) =>
    cases.replaceAll('"applicationId":"', `"applicationId":"${copy}-`)
  ).join('')
  await writeFile(join(folder, 'many.ndjson'), many)
  const args = ['backtest', '--decided', join(folder, 'many.ndjson'), '--out', join(folder, 'out.ndjson')]
  const start = (...options: string[]) =>
    spawn(process.execPath, [`${ROOT}/src/cli/main.ts`, ...args, ...options], { stdio: ['ignore', 'ignore', 'pipe'] })
  const stopped = start()
  const told: string[] = []
  stopped.stderr.on('data', (chunk) => void told.push(String(chunk)))
  while (!existsSync(join(folder, 'out.ndjson.part'))) await new Promise(setImmediate)
  stopped.kill('SIGINT')
  expect([(await once(stopped, 'exit'))[0], told.join('')]).toEqual([
    130,
    expect.stringMatching(/stopped after \d+ decisions/)
  ])
  const [code] = await once(start('--resume'), 'exit')
  expect(code).toBe(0)
  expect((await textOf('out.ndjson')).split('\n')).toHaveLength(3601)
}, 60_000)

test.each<[RegExp, (line: Record<string, unknown>) => void]>([
  [/line 2: it was scored by 9\.9\.9@/, (line) => Object.assign(line, { model: '9.9.9@sha256:0' })],
  [/line 2: its features are of the catalogue fs-0/, (line) => Object.assign(line, { featureSet: 'fs-0' })],
  [
    /line 2: \/vector\/application\.amount_minor is missing/,
    ({ vector }) => delete (vector as Record<string, unknown>)['application.amount_minor']
  ],
  [/line 2: it is no case of backtest --vectors: \/asked is missing/, (line) => delete line.asked]
])('a line that cannot be decided again is refused: %s', async (message, change) => {
  const { run, inputs, folder, textOf } = await setUp()
  await run('cases.ndjson', [...inputs, '--vectors'])
  const lines = (await textOf('cases.ndjson')).split('\n')
  const line = JSON.parse(lines[1] ?? '')
  change(line)
  await writeFile(join(folder, 'cases.ndjson'), lines.with(1, JSON.stringify(line)).join('\n'))
  await expect(run('out.ndjson', ['--decided', join(folder, 'cases.ndjson')])).rejects.toThrow(message)
  expect((await readdir(folder)).filter((name) => name.startsWith('out'))).toEqual([])
})
