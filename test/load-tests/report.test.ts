import { describe, expect, it } from 'vitest'
import { OptionError } from '../../load-tests/command-line.ts'
import { jsonReport } from '../../load-tests/json-report.ts'
import { type LoadOptions, parseOptions } from '../../load-tests/options.ts'
import { checkGoals, type LoadResults, median, type OpenLoopRow, series } from '../../load-tests/results.ts'
import { openLoopTable, saturationTable } from '../../load-tests/tables.ts'

const COSTS = { cpuMicrosPerRequest: { gateway: 50.25, generator: 20 }, otherCores: 0 }
const TIMES = { p50: 1, p90: 2, p99: 9.5, p999: 12, max: 20 }
const ROW: OpenLoopRow = {
  rate: 2000,
  sent: 20_000,
  errors: 0,
  ...TIMES,
  dropped: 0,
  heldBack: 0,
  lag: TIMES,
  statuses: { 200: 20_000 },
  curve: [],
  timeline: [],
  ...COSTS
}
const round = (rps: number, errors = 0) => ({
  rps,
  requests: rps * 5,
  errors,
  p99: 9.5,
  seconds: 5,
  statuses: { 200: rps * 5 - errors, ...(errors > 0 && { 503: errors }) },
  ...COSTS
})
const RESULTS: LoadResults = {
  openLoop: [ROW],
  noopOpenLoop: ROW,
  saturation: {
    noop: series([round(30_000), round(32_000), round(10_000)]),
    gateway: series([round(12_000), round(11_000), round(15_000)]),
    shareOfNoop: 0.4,
    redisCommands: { fcall: { micros: 40, calls: 2 } }
  }
}
const OPTIONS = parseOptions([]) as LoadOptions

describe('the goals', () => {
  it('hold when latency, share and errors do', () => {
    expect(checkGoals(RESULTS).map(({ holds }) => holds)).toEqual([true, true])
  })

  it('fail with a single error, however fast the rest was', () => {
    const openLoop = [{ ...ROW, errors: 1 }]
    const saturation = { ...RESULTS.saturation!, gateway: series([round(12_000, 1)]) }
    expect(checkGoals({ ...RESULTS, openLoop, saturation }).map(({ holds }) => holds)).toEqual([false, false])
  })

  it('are only those that the run measured', () => {
    expect(checkGoals({ openLoop: [{ ...ROW, rate: 100 }], noopOpenLoop: null, saturation: null })).toEqual([])
  })
})

describe('the JSON', () => {
  it('has the agreed form, in milliseconds', () => {
    const report = jsonReport(RESULTS, OPTIONS, { startedAt: '', redisVersion: '7.0.15' })
    expect(report).toMatchObject({
      noop: { rps: 30_000 },
      saturation: { rps: 12_000, shareOfNoop: 0.4 },
      openLoop: [{ rate: 2000, sent: 20_000, errors: 0, p50: 1, p99: 9.5, p999: 12 }]
    })
  })

  it('says null for a part that was left out', () => {
    const results = { ...RESULTS, saturation: null }
    const report = jsonReport(results, OPTIONS, { startedAt: '', redisVersion: '7.0.15' })
    expect(report).toMatchObject({ noop: null, saturation: null })
  })
})

describe('the tables', () => {
  it('say aloud when a run had errors or was overrun', () => {
    const row = { ...ROW, errors: 3, heldBack: 7, statuses: { 200: 19_997, 503: 2, 0: 1 } }
    const text = openLoopTable([row], ROW, 'poisson')
    expect(text).toMatch(/! gateway 2000\/s had 3 errors: its numbers count for nothing \(0?.*503: 2/)
    expect(text).toMatch(/! gateway 2000\/s was overrun: 7 requests/)
  })

  it('give the median of the rounds', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(saturationTable(RESULTS.saturation!, 64)).toMatch(/median +30,000 +12,000 +0\.400/)
  })
})

describe('the options', () => {
  it('have the defaults of the promise: 500, 1000 and 2000 a second for 10 s', () => {
    expect(OPTIONS).toMatchObject({ rates: [500, 1000, 2000], seconds: 10, arrivals: 'poisson' })
  })

  it.each([
    [['--rates', '500,x']],
    [['--rates', '0']],
    [['--only', 'soak']],
    [['--seconds', '1.5']],
    [['--what']],
    [['surplus']]
  ])('refuse %j', (args) => {
    expect(() => parseOptions(args)).toThrow(OptionError)
  })
})
