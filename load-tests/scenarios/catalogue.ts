import { type RateSegment, steadyRate } from '../arrivals.ts'
import type { TrafficKind } from '../prepared-requests.ts'

/** What goes on beside the requests. */
export const BESIDES = ['pauses-of-redis', 'jobs'] as const
export type Beside = (typeof BESIDES)[number]

export interface ScenarioPhase {
  readonly name: string
  readonly segments: readonly RateSegment[]
  readonly traffic?: TrafficKind
  readonly beside?: Beside
}

export interface Scenario {
  readonly name: string
  /** What a good result shows. */
  readonly proves: string
  /** What it does not show. */
  readonly limits: string
  readonly rate: number
  readonly seconds: number
  /** Neither history nor warm-up: the first request is sent as soon as the service says that it is ready. */
  readonly isCold?: boolean
  readonly phases: (rate: number, seconds: number) => readonly ScenarioPhase[]
}

const ONE_MACHINE = 'service, Redis and generator share one machine and its loopback'
const SPIKE_TIMES = 10
const RAMP_FROM_SHARE = 0.05

/** Each load that is worth knowing the answer to; load-tests/README.md shows the list. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'steady',
    proves: 'what customers wait at a rate that the service should carry all day',
    limits: `seconds, not hours (see soak); ${ONE_MACHINE}`,
    rate: 1000,
    seconds: 15,
    phases: (rate, seconds) => [{ name: 'steady', segments: [steadyRate(rate, seconds)] }]
  },
  {
    name: 'ramp',
    proves: 'the rate up to which every second has p99 within 10 ms, and the most that is answered in a second',
    limits: 'a second at each rate: what lasts is lower; the generator takes part of the two cores',
    rate: 10_000,
    seconds: 30,
    phases: (rate, seconds) => [
      { name: 'ramp', segments: [{ fromPerSecond: rate * RAMP_FROM_SHARE, toPerSecond: rate, seconds }] }
    ]
  },
  {
    name: 'spike',
    proves: 'a rush of ten times the usual rate ends without an error and leaves nothing behind',
    limits: 'the rush is four seconds; one that goes on above saturation is refused in part (docs/overload.md)',
    rate: 300,
    seconds: 16,
    phases: (rate, seconds) => [
      {
        name: 'spike',
        segments: [
          steadyRate(rate, seconds * 0.25),
          steadyRate(rate * SPIKE_TIMES, seconds * 0.25),
          steadyRate(rate, seconds * 0.5)
        ]
      }
    ]
  },
  {
    name: 'soak',
    proves: 'memory does not grow with time and a decision costs in the last minute what it cost in the second',
    limits: 'ten minutes; Redis grows by what it keeps of each decision, which is not a leak and is told apart',
    rate: 2000,
    seconds: 600,
    phases: (rate, seconds) => [{ name: 'soak', segments: [steadyRate(rate, seconds)] }]
  },
  {
    name: 'hot-applicant',
    proves: 'one applicant who applies in every tenth request slows down nobody else',
    limits: 'the applications of one person follow each other; tests prove what simultaneous ones see',
    rate: 800,
    seconds: 10,
    phases: beside('hot applicant', 'hot-applicant')
  },
  {
    name: 'hot-device',
    proves: 'a device that sends every tenth application (an attack, a shop) slows down nobody else',
    limits: 'one device; the fold of its history is bounded, so ten would cost ten times as much and no more',
    rate: 800,
    seconds: 10,
    phases: beside('hot device', 'hot-device')
  },
  {
    name: 'mixed',
    proves: 'decisions keep their latency while half as many events are posted beside them',
    limits: 'the latency is that of both kinds of request together; an event costs less than a decision',
    rate: 800,
    seconds: 10,
    phases: (rate, seconds) => [
      { name: 'decisions alone', segments: [steadyRate(rate, seconds)] },
      { name: 'with events', segments: [steadyRate(rate * 1.5, seconds)], traffic: 'with-events' }
    ]
  },
  {
    name: 'monitoring',
    proves: 'two monitor processes that drain 10,000 due jobs flat out raise the p99 of decisions by at most a quarter',
    limits: 'missed instalments only; jobs that score accounts take longer each',
    rate: 500,
    seconds: 8,
    // In turns, because the machine’s speed drifts.
    phases: (rate, seconds) =>
      [1, 2, 3].flatMap((round) => [
        { name: `alone ${round}`, segments: [steadyRate(rate, seconds)] },
        { name: `beside jobs ${round}`, segments: [steadyRate(rate, seconds)], beside: 'jobs' as const }
      ])
  },
  {
    name: 'cold-start',
    proves: 'a gateway that has just said it is ready decides at once, and how long it takes to its usual speed',
    limits: 'Redis is empty and nobody has a history; the start itself is not in it',
    rate: 500,
    seconds: 12,
    isCold: true,
    phases: (rate, seconds) => [{ name: 'from the first moment', segments: [steadyRate(rate, seconds)] }]
  },
  {
    name: 'slow-redis',
    proves: 'a Redis that stands still for 50 ms every two seconds delays decisions and loses none',
    limits: 'one length of pause, below the deadline; a Redis that is gone is in test/faults',
    rate: 500,
    seconds: 12,
    phases: (rate, seconds) => [
      { name: 'usual Redis', segments: [steadyRate(rate, seconds)] },
      { name: 'pauses of 50 ms', segments: [steadyRate(rate, seconds)], beside: 'pauses-of-redis' }
    ]
  }
]

function beside(name: string, traffic: TrafficKind) {
  return (rate: number, seconds: number): readonly ScenarioPhase[] => [
    { name: 'usual people', segments: [steadyRate(rate, seconds)] },
    { name, segments: [steadyRate(rate, seconds)], traffic }
  ]
}
