import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { submittedEvent } from '../../src/decisions/decide.ts'
import type { AssayEvent } from '../../src/domain/event.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { DAY_MS } from '../../src/features/definition.ts'
import { createOfflineBehaviour, replay } from '../../src/features/offline.ts'
import { createFeatureSet } from '../../src/features/vector.ts'
import { cashApplication } from '../support/cash-application.ts'
import { arbitraryHistory, NOW_MS, naiveFeature } from './behaviour.ts'
import { cases } from './declarations.ts'
import { longHistory } from './long-history.ts'

const RUNS = cases(60)
const featureSet = createFeatureSet(CATALOGUE)
const LARGE = Number.MAX_SAFE_INTEGER

const application = cashApplication({ refs: { applicant: 'a', device: 'one', card: 'two' } })

describe('an offline replay', () => {
  test('sees nothing that happens after the application', () => {
    fc.assert(
      fc.property(arbitraryHistory(40), (events) => {
        const before = events.filter(({ occurredAtMs }) => occurredAtMs <= NOW_MS)
        expect(valuesOf(events)).toStrictEqual(valuesOf(before))
      }),
      RUNS
    )
  })

  test('sees an event of the very instant of the application, and not one of a millisecond later', () => {
    const loan = (occurredAtMs: number): AssayEvent => ({
      eventId: 'loan',
      type: 'loan.disbursed',
      occurredAtMs,
      tenant: 't',
      refs: { applicant: 'a' },
      data: { loanId: 'l', principalMinor: 500_000, termDays: 30 }
    })
    const loans = featureSet.names.indexOf('applicant.loans_lifetime')
    expect(valuesOf([loan(NOW_MS)])[loans]).toBe(1)
    expect(valuesOf([loan(NOW_MS + 1)])[loans]).toBe(0)
  })

  test('counts the application itself, as live does', () => {
    expect(valuesOf([])[featureSet.names.indexOf('applicant.applications_1h')]).toBe(1)
  })

  test('gives every feature of events the value of the slow obvious computation from its own entity’s events', () => {
    const features = CATALOGUE.map((feature, index) => ({ feature, index }))
    fc.assert(
      fc.property(arbitraryHistory(40), (drawn) => {
        const own = submittedEvent(application, NOW_MS)
        const seen = [own, ...drawn.filter(({ occurredAtMs }) => occurredAtMs < NOW_MS)]
        const events = seen.filter(({ occurredAtMs }, index) => isFirstAt(seen, occurredAtMs, index))
        const values = valuesOf(events.slice(1))
        for (const { feature, index } of features) {
          if (feature.source !== 'events') continue
          const token = application.refs[feature.entity]
          const concerned = events.filter(({ refs }) => token !== undefined && refs[feature.entity] === token)
          expect(values[index], feature.name).toBe(naiveFeature(feature, concerned, NOW_MS))
        }
      }),
      RUNS
    )
  })

  test('gives the same values in whatever order the events come and wherever tails are folded', () => {
    const shuffled = arbitraryHistory(40).chain((events) =>
      fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length }))
    )
    fc.assert(
      fc.property(shuffled, fc.integer({ min: 1, max: 400 }), ([events, otherwise], compactFromBytes) => {
        expect(valuesOf(otherwise, compactFromBytes)).toStrictEqual(valuesOf(events))
      }),
      RUNS
    )
  })

  test('gives the same values wherever tails are folded, however long the history', () => {
    const events = longHistory({ count: 1200, spanMs: 100 * DAY_MS, seed: 8, others: 5 })
    expect(valuesOf(events, 2048)).toStrictEqual(valuesOf(events))
  })

  test('yields applications in order of time, an earlier one being behaviour for a later one', () => {
    const later = { application: { ...application, applicationId: 'y' }, asOf: NOW_MS + 1000 }
    const behaviour = createOfflineBehaviour({ compactFromBytes: LARGE })
    const applications = [later, { application, asOf: NOW_MS }]
    const replayed = [...replay({ events: [], applications, behaviour, featureSet, submittedEvent })]
    const column = featureSet.names.indexOf('applicant.applications_1h')
    expect(
      replayed.map(({ past, features }) => [past.application.applicationId, features.values[column]])
    ).toStrictEqual([
      ['x', 1],
      ['y', 2]
    ])
  })
})

function valuesOf(events: readonly AssayEvent[], compactFromBytes = LARGE): number[] {
  const behaviour = createOfflineBehaviour({ compactFromBytes })
  const applications = [{ application, asOf: NOW_MS }]
  const [replayed] = [...replay({ events, applications, behaviour, featureSet, submittedEvent })]
  return Array.from(replayed?.features.values ?? [])
}

/** Times are distinct, so that “last” has one answer. */
function isFirstAt(events: readonly AssayEvent[], atMs: number, index: number): boolean {
  return events.findIndex(({ occurredAtMs }) => occurredAtMs === atMs) === index
}
