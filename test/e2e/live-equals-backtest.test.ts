import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { readLines, workFolder } from '../cli/run-command.ts'
import { assay, ROOT } from '../support/gateway-process.ts'
import { madeUpHistory } from './histories.ts'
import { type LiveDecision, throughGateway } from './through-gateway.ts'
import type { Line } from './waves.ts'

const SUPERLENDER = join(ROOT, '..', 'shared', 'data', 'superlender')
const REAL_APPLICATIONS = 200

type Vector = Readonly<Record<string, number | null>>

interface Outcome {
  readonly pd: number | null
  readonly decision: string
  readonly reasons: readonly string[]
  readonly vector: Vector
}

describe('the same history through the live gateway and through backtest', () => {
  test('gives the same vectors, scores and decisions to the bit on made-up loans with shared devices and cards', async () => {
    const folder = await workFolder()
    const { events, applications } = madeUpHistory(20261123)
    await expectEqual(folder, toLines(events), toLines(applications))
  })

  test.skipIf(!existsSync(SUPERLENDER))(
    `gives the same vectors, scores and decisions to the bit on ${REAL_APPLICATIONS} real loans`,
    async () => {
      const folder = await workFolder()
      await assay(['import', 'superlender', SUPERLENDER, '--out', folder])
      const all = await readLines<Line>(join(folder, 'applications.ndjson'))
      const step = Math.floor(all.length / REAL_APPLICATIONS)
      const applications = all.filter((_, index) => index % step === 0).slice(0, REAL_APPLICATIONS)
      const people = new Set(applications.map(({ applicantId }) => applicantId))
      const events = (await readLines<Line>(join(folder, 'events.ndjson'))).filter(({ applicantId }) =>
        people.has(applicantId)
      )
      expect(applications).toHaveLength(REAL_APPLICATIONS)
      await expectEqual(folder, events, applications)
    },
    120_000
  )
})

async function expectEqual(folder: string, events: Line[], applications: Line[]): Promise<void> {
  const { byApplication } = await throughGateway(events, applications)
  const replayed = await throughBacktest(folder, events, applications)
  expect(byApplication.size).toBe(applications.length)
  for (const [applicationId, live] of byApplication)
    expect(outcomeOf(live), applicationId).toStrictEqual(replayed.get(applicationId))
  const scores = new Set([...byApplication.values()].map(({ pd }) => pd))
  expect(scores.size, 'scores that differ from one another').toBeGreaterThan(applications.length / 4)
}

function outcomeOf({ decision, pd, values }: LiveDecision): Outcome {
  return {
    pd,
    decision: decision.decision,
    reasons: decision.reasons.map(({ code }) => code),
    vector: Object.fromEntries(CATALOGUE.map(({ name }, index) => [name, nullable(values[index] as number)]))
  }
}

async function throughBacktest(folder: string, events: Line[], applications: Line[]): Promise<Map<string, Outcome>> {
  const file = (name: string) => join(folder, name)
  await writeFile(file('e.ndjson'), events.map((line) => `${JSON.stringify(line)}\n`).join(''))
  await writeFile(file('a.ndjson'), applications.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const files = ['--events', file('e.ndjson'), '--applications', file('a.ndjson'), '--out', file('d.ndjson')]
  await assay(['backtest', ...files, '--vectors'])
  const lines = await readLines<Outcome & { applicationId: string }>(file('d.ndjson'))
  return new Map(
    lines.map(({ applicationId, pd, decision, reasons, vector }) => [applicationId, { pd, decision, reasons, vector }])
  )
}

const nullable = (value: number): number | null => (Number.isNaN(value) ? null : value)
const toLines = (values: object[]): Line[] => values as Line[]
