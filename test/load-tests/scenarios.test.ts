import { describe, expect, it } from 'vitest'
import { steadyRate } from '../../load-tests/arrivals.ts'
import { OptionError } from '../../load-tests/command-line.ts'
import type { OpenLoopRow } from '../../load-tests/results.ts'
import { compare } from '../../load-tests/scenarios/baseline.ts'
import { SCENARIOS } from '../../load-tests/scenarios/catalogue.ts'
import { findingsOf, type PhaseOutcome } from '../../load-tests/scenarios/findings.ts'
import { htmlReport } from '../../load-tests/scenarios/html.ts'
import { parseScenariosOptions } from '../../load-tests/scenarios/options.ts'
import { plot } from '../../load-tests/scenarios/plot.ts'
import { type ScenarioReport, scenarioText } from '../../load-tests/scenarios/report.ts'
import { type Sample, slope } from '../../load-tests/scenarios/samples.ts'
import { createTimeline, type TimelineSecond } from '../../load-tests/timeline.ts'

const LAG = { p50: 0, p90: 0, p99: 0, p999: 0, max: 0 }

function second(at: number, p99: number, errors = 0): TimelineSecond {
  return { second: at, due: 100, answered: 100 - errors, errors, p50: p99 / 4, p99, max: p99 * 2 }
}

function row(p99s: readonly number[], changed: Partial<OpenLoopRow> = {}): OpenLoopRow {
  return {
    rate: 100,
    sent: p99s.length * 100,
    errors: 0,
    p50: 1,
    p90: 2,
    p99: Math.max(...p99s),
    p999: 12,
    max: 20,
    heldBack: 0,
    dropped: 0,
    lag: LAG,
    statuses: { 200: p99s.length * 100 },
    curve: [
      [50, 1],
      [99, 9],
      [100, 20]
    ],
    timeline: p99s.map((p99, at) => second(at, p99)),
    cpuMicrosPerRequest: { gateway: 100, redis: 50 },
    otherCores: 0,
    ...changed
  }
}

function phase(name: string, of: OpenLoopRow, samples: readonly Sample[] = []): PhaseOutcome {
  return { name, row: of, samples, beside: null }
}

function sample(at: number, gatewayMiB: number, cores = 0.02): Sample {
  return { second: at, cores: { gateway: cores }, memoryMiB: { gateway: gatewayMiB, redis: 100 + at } }
}

function report(name: string, phases: readonly PhaseOutcome[]): ScenarioReport {
  const noop = { p50: 0.5, p99: 2, cpuMicros: 50 }
  return { name, proves: 'a <b> & c', limits: 'none', noop, phases, findings: findingsOf(name, phases) }
}

describe('a timeline', () => {
  it('counts an answer to the second in which its request was due, and what never came as an error', () => {
    const timeline = createTimeline(1000, 2)
    timeline.add(1500, 700, 200)
    timeline.add(1600, 5, 503)
    timeline.add(2500, 3, 200)
    const seconds = timeline.seconds(Float64Array.of(500, 1500, 1600, 2500, 2600))
    expect(seconds).toMatchObject([
      { second: 0, due: 2, answered: 1, errors: 1 },
      { second: 1, due: 2, answered: 1, errors: 1 }
    ])
    expect(seconds[0]?.p99).toBeCloseTo(700, -1)
    expect(seconds[1]?.max).toBeCloseTo(3, 1)
  })
})

describe('the scenarios', () => {
  it('have names of their own and plans as long as they say', () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length)
    for (const { rate, seconds, phases } of SCENARIOS) {
      for (const { segments } of phases(rate, seconds))
        expect(segments.reduce((sum, segment) => sum + segment.seconds, 0)).toBe(seconds)
    }
  })

  it('rush at ten times the rate', () => {
    const spike = SCENARIOS.find(({ name }) => name === 'spike')
    expect(spike?.phases(300, 16)[0]?.segments).toEqual([steadyRate(300, 4), steadyRate(3000, 4), steadyRate(300, 8)])
  })
})

describe('the findings', () => {
  it('fail with a single error', () => {
    const failed = phase('steady', row([5, 5], { errors: 1, statuses: { 200: 199, 503: 1 } }))
    expect(findingsOf('steady', [failed])[0]).toEqual({ text: '1 errors of 200 (200: 199, 503: 1)', holds: false })
  })

  it('say up to which rate a ramp was within the goal', () => {
    const timeline = [second(0, 3), { ...second(1, 6), due: 250 }, second(2, 30), second(3, 4)]
    const [, found] = findingsOf('ramp', [phase('ramp', row([5], { timeline }))])
    expect(found?.text).toContain('up to 250 decisions a second')
  })

  it('say how long a rush was felt after it, and whether it ended', () => {
    const calm = [phase('spike', row([3, 3, 40, 60, 50, 5, 3, 3]))]
    expect(findingsOf('spike', calm)[1]).toEqual({
      text: 'p99 3.00 ms before, at worst 60.00 ms in the rush, back within 2 s',
      holds: true
    })
    expect(findingsOf('spike', [phase('spike', row([3, 3, 40, 60, 50, 50, 50, 50]))])[1]?.holds).toBe(false)
  })

  it('let jobs raise the p99 by a quarter and no more', () => {
    const beside = (p99: number) =>
      findingsOf('monitoring', [phase('alone', row([4])), phase('beside jobs', row([p99]))])[1]?.holds
    expect([beside(5), beside(5.1)]).toEqual([true, false])
  })

  it('tell memory that grows from memory that does not, and what Redis keeps from both', () => {
    const steady = Array.from({ length: 100 }, (_, at) => sample(at, 100 + (at % 2)))
    const leaking = Array.from({ length: 100 }, (_, at) => sample(at, 100 + at / 20))
    const held = (samples: readonly Sample[]) =>
      findingsOf('soak', [phase('soak', row([5]), samples)]).map(({ holds }) => holds)
    expect(held(steady)).toEqual([true, true, null])
    expect(held(leaking)).toEqual([true, false, null])
  })

  it('see a decision that costs more in the last minute of a soak', () => {
    const costs = (last: number) => {
      const samples = Array.from({ length: 240 }, (_, at) => sample(at, 100, at < 180 ? 0.02 : last))
      const outcome = phase('soak', row(new Array<number>(240).fill(5)), samples)
      return findingsOf('soak', [outcome]).at(-1)?.holds
    }
    expect([costs(0.0205), costs(0.022)]).toEqual([true, false])
  })
})

describe('the reports', () => {
  it('put a rise of the latency beside what the no-op route did in each session', () => {
    const now = [report('steady', [phase('steady', row([10]))])]
    const earlier = report('steady', [phase('steady', row([5]))])
    const then = [{ ...earlier, noop: { ...earlier.noop, p99: 1 } }]
    expect(compare(now, then).find(({ what }) => what === 'p99')).toMatchObject({ now: 5, baseline: 5 })
    expect(compare(now, [report('ramp', [])])).toEqual([])
  })

  it('show the table of a terminal with what holds and what fails', () => {
    const text = scenarioText(report('steady', [phase('steady', row([12]))]))
    expect(text).toMatch(/FAILS {2}p99 12.00 ms at 100\/s/)
    expect(text).toMatch(/holds {2}0 errors of 100/)
  })

  it('make one page that asks nobody for anything and escapes what it shows', () => {
    const samples = [sample(0, 100), sample(1, 100)]
    const scenarios = [report('steady', [phase('steady', row([5, 6]), samples)])]
    const machine = { node: 'v24', redis: '7', cpu: '2 × x', memoryGiB: 8 }
    const page = htmlReport({ startedAt: 'now', machine, seed: 1, scenarios }, compare(scenarios, scenarios))
    expect(page).not.toMatch(/<script|src=|href=|url\(/)
    expect(page).toContain('a &#60;b&#62; &#38; c')
    expect(page.match(/<svg/g)).toHaveLength(4)
    expect(page).toContain('Compared with the baseline')
  })

  it('plot nothing where there is nothing, and a flat line where all is zero', () => {
    const axes = { title: 't', xName: 'x', yName: 'y' }
    expect(plot({ ...axes, lines: [] })).toBe('')
    expect(plot({ ...axes, lines: [{ name: 'zero', points: [[0, 0], [1, 0]] }] })).toMatch(/<path d="M[\d. ]+L[\d. ]+"/) // biome-ignore format: one line
  })
})

it('takes the slope of the line of least squares', () => {
  expect(slope([1, 3, 5, 7])).toBe(2)
  expect(slope([4])).toBe(0)
})

describe('the options of the scenarios', () => {
  it('are all but the soak when none is named', () => {
    const options = parseScenariosOptions([])
    if (options === 'help') throw new Error('unexpected')
    expect(options.scenarios.map(({ name }) => name)).not.toContain('soak')
    expect(options.scenarios).toHaveLength(SCENARIOS.length - 1)
  })

  it.each([
    [['nothing']],
    [['steady', '--rate', '0']],
    [['--seconds', '1.5']],
    [['--appendfsync', 'no']],
    [['--what']]
  ])('refuse %j', (args) => {
    expect(() => parseScenariosOptions(args)).toThrow(OptionError)
  })
})
