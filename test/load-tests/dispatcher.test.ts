import { describe, expect, it } from 'vitest'
import { planRates, steadyRate } from '../../load-tests/arrivals.ts'
import { createDispatcher, type OpenLoopCounts } from '../../load-tests/dispatcher.ts'
import { createRandom } from '../../load-tests/random.ts'

interface Simulation {
  readonly planMs: Float64Array
  /** When a request that reaches the service at `atMs` is answered. */
  readonly answerAtMs: (atMs: number) => number
  readonly maxInFlight?: number
  readonly dropsBeyond?: boolean
  readonly measureFromMs?: number
  /** How much too late the generator is called. */
  readonly latenessMs?: number
  /** Nobody calls the generator while it could send nothing. */
  readonly restsWhenFull?: boolean
}

/** Runs the accounts on a clock of their own, without network, threads or a machine that may be busy. */
function simulate({
  planMs,
  answerAtMs,
  maxInFlight = 1e9,
  dropsBeyond,
  measureFromMs = 0,
  latenessMs = 0,
  restsWhenFull = false
}: Simulation) {
  let nowMs = 0
  let finished = false
  const answers: { readonly atMs: number; readonly index: number }[] = []
  const dispatcher = createDispatcher({
    planMs,
    measureFromMs,
    maxInFlight,
    dropsBeyond: dropsBeyond ?? false,
    nowMs: () => nowMs,
    transmit: (index) => answers.push({ atMs: answerAtMs(nowMs), index }),
    onFinished: () => {
      finished = true
    }
  })
  let due = 0
  while (!finished) {
    answers.sort((left, right) => right.atMs - left.atMs)
    const dueMs = (planMs[due] ?? Infinity) + latenessMs
    if (dueMs < (answers.at(-1)?.atMs ?? Infinity)) {
      nowMs = Math.max(nowMs, dueMs)
      due++
      if (!restsWhenFull || !dispatcher.isFull()) dispatcher.sendDue()
    } else {
      const { atMs, index } = answers.pop()!
      nowMs = Math.max(nowMs, atMs)
      dispatcher.answered(index, 200)
    }
  }
  return dispatcher.counts()
}

/** HdrHistogram keeps three digits; the requirement is 2 %. */
function expectClose({ p50, p90, p99, p999, max }: OpenLoopCounts, truth: readonly number[]): void {
  for (const [index, measured] of [p50, p90, p99, p999, max].entries()) {
    expect(Math.abs(measured - truth[index]!)).toBeLessThanOrEqual(truth[index]! * 0.002 + 0.001)
  }
}

describe('the accounts of the open loop', () => {
  const poisson = planRates('poisson', [steadyRate(500, 20)], createRandom(3))
  // 10,000 requests, 1 ms apart; the service stands still from 4 s to 6 s. The 2,000 due meanwhile wait 2000, 1999, … 1.
  const fixed = planRates('fixed', [steadyRate(1000, 10)], createRandom(1))
  const stalls = (atMs: number): number => (atMs >= 4000 && atMs < 6000 ? 6000 : atMs)
  const STALL_TRUTH = [0.001, 1000, 1900, 1990, 2000]

  it('give a constant delay as it is', () => {
    const counts = simulate({ planMs: poisson, answerAtMs: (atMs) => atMs + 37.5 })
    expect(counts).toMatchObject({ sent: poisson.length, errors: 0, heldBack: 0, statuses: { 200: poisson.length } })
    expectClose(counts, [37.5, 37.5, 37.5, 37.5, 37.5])
  })

  it('give a stall to all who were due during it', () => {
    expectClose(simulate({ planMs: fixed, answerAtMs: stalls }), STALL_TRUTH)
  })

  it('count the wait of those whom the cap held back from when they were due, and say how many they were', () => {
    const counts = simulate({ planMs: fixed, answerAtMs: stalls, maxInFlight: 50 })
    expectClose(counts, STALL_TRUTH)
    expect(counts.heldBack).toBe(1950)
  })

  it('never send what finds all connections in use where callers have no more, and say how many those were', () => {
    const counts = simulate({ planMs: fixed, answerAtMs: stalls, maxInFlight: 50, dropsBeyond: true })
    expect([counts.sent, counts.dropped, counts.heldBack, counts.errors]).toEqual([8050, 1950, 0, 0])
    expect(counts.max).toBeCloseTo(2000, -1)
  })

  it('are the same when nobody is woken for what is dropped anyway', () => {
    const busy = { planMs: poisson, answerAtMs: (atMs: number) => atMs + 30, maxInFlight: 10, dropsBeyond: true }
    const counts = simulate(busy)
    expect(counts.dropped).toBeGreaterThan(1000)
    expect(simulate({ ...busy, restsWhenFull: true })).toEqual(counts)
  })

  it('show a service of one at a time as the queue it is', () => {
    // Each takes 2 ms and one comes each ms: the last of 1,000 waits 1,000 ms and a little.
    const planMs = planRates('fixed', [steadyRate(1000, 1)], createRandom(1))
    const counts = simulate({ planMs, answerAtMs: (atMs) => atMs + 2, maxInFlight: 1 })
    expectClose(counts, [501, 901, 991, 1000, 1001])
  })

  it('add the generator’s own lateness to the latencies, and report it', () => {
    const planMs = planRates('fixed', [steadyRate(100, 5)], createRandom(1))
    const counts = simulate({ planMs, answerAtMs: (atMs) => atMs + 10, latenessMs: 5 })
    expectClose(counts, [15, 15, 15, 15, 15])
    expect(counts.lag.p99).toBeCloseTo(5, 1)
  })

  it('leave out what was due in the warm-up, wherever its answer falls', () => {
    const counts = simulate({ planMs: fixed, answerAtMs: stalls, measureFromMs: 5000 })
    expect(counts.sent).toBe(5000)
    expectClose(counts, [0.001, 500, 950, 995, 1000])
  })
})
