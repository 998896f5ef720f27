import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Offer, Outcome } from '../../src/domain/decision.ts'
import { type EvidenceSoFar, NO_EVIDENCE, takeEvidence } from '../../src/domain/evidence.ts'
import { type NextAction, STEP_UPS } from '../../src/domain/next-actions.ts'
import { rankReasons } from '../../src/domain/reasons.ts'
import type { Verdict } from '../../src/policy/engine.ts'
import { withinEvidence } from '../../src/policy/evidence.ts'
import { createInputs } from '../../src/policy/table-inputs.ts'
import { TABLE_STAGES } from '../../src/policy/table-schema.ts'

const NOW_MS = Date.UTC(2026, 10, 25)
const LATER = new Date(NOW_MS + 60_000).toISOString()

const verdictOf = (outcome: Outcome, nextActions: readonly NextAction[]): Verdict => ({
  outcome,
  score: null,
  limit: outcome === 'APPROVE' ? { currency: 'NGN', amountMinor: 1, bindingConstraint: 'PRODUCT' } : null,
  offers: outcome === 'APPROVE' ? [{ amountMinor: 1 } as Offer] : [],
  reasons: outcome === 'APPROVE' ? [] : rankReasons(['R130']),
  utcOffsetMinutes: outcome === 'APPROVE' ? 60 : null,
  ...(outcome === 'REFER' && nextActions.length > 0 && { nextActions })
})

const types = fc.uniqueArray(fc.constantFrom(...STEP_UPS), { maxLength: 3 })
const actionOf = (type: NextAction['type'], attemptsLeft: number) => ({ type, expiresAt: LATER, attemptsLeft })
/** What policy or a person say in each round, and which of what is asked for is given. */
const rounds = fc.array(
  fc.record({
    outcome: fc.constantFrom('APPROVE' as const, 'REFER' as const, 'DECLINE' as const),
    asks: types,
    byPerson: fc.integer({ min: 0, max: 3 }).map((chance) => chance === 0),
    pick: fc.nat(5)
  }),
  { minLength: 2, maxLength: 12 }
)

test('however rounds go: attempts only fall, a person’s return keeps programs from declining and from approving early', () => {
  let [declines, approvals, exhausted] = [0, 0, 0]
  fc.assert(
    fc.property(rounds, fc.integer({ min: 1, max: 3 }), (played, attempts) => {
      let evidence: EvidenceSoFar = NO_EVIDENCE
      let actions: readonly NextAction[] = []
      let [isReturned, open] = [false, new Set<string>()]
      const left = new Map<string, number>()
      for (const { outcome, asks, byPerson, pick } of played) {
        const asked = asks.map((type) => actionOf(type, attempts))
        if (byPerson && asked.length > 0) {
          ;[isReturned, open, actions] = [true, new Set(asks), asked]
          for (const type of asks) left.set(type, attempts)
        } else {
          const verdict = withinEvidence(verdictOf(outcome, asked), evidence)
          if (verdict.outcome === 'DECLINE') declines++
          if (verdict.outcome === 'APPROVE') approvals++
          expect(verdict.outcome === 'DECLINE' && isReturned && evidence.given.length > 0).toBe(false)
          expect(verdict.outcome === 'APPROVE' && open.size > 0 && evidence.given.length > 0).toBe(false)
          expect(verdict.outcome === 'REFER' && verdict.reasons.length === 0).toBe(false)
          if (verdict.outcome !== 'REFER') return
          actions = verdict.nextActions ?? []
          for (const { type, attemptsLeft } of actions) {
            expect(attemptsLeft).toBeLessThanOrEqual(left.get(type) ?? attempts)
          }
          for (const type of open) expect(actions.map((action) => action.type)).toContain(type)
        }
        const given = actions[pick % Math.max(1, actions.length)]
        if (given === undefined) return
        const decision = {
          nextActions: [...actions],
          ...(byPerson && asked.length > 0 && { decidedBy: 'HUMAN' as const })
        }
        const evidenceGiven = { type: given.type, referenceId: 'x' }
        const taken = takeEvidence({ decision, evidence, given: evidenceGiven, nowMs: NOW_MS })
        if (taken.kind === 'exhausted') exhausted++
        expect(taken.kind).toBe(given.attemptsLeft === 0 ? 'exhausted' : 'taken')
        if (taken.kind !== 'taken') return
        for (const action of actions) left.set(action.type, action.attemptsLeft)
        left.set(given.type, given.attemptsLeft - 1)
        open.delete(given.type)
        evidence = taken.evidence
      }
    }),
    { numRuns: 2000, seed: 7 }
  )
  expect(Math.min(declines, approvals, exhausted)).toBeGreaterThan(20)
})

test('without evidence a verdict is what it was', () => {
  for (const outcome of ['APPROVE', 'REFER', 'DECLINE'] as const) {
    const verdict = verdictOf(outcome, [actionOf('STEP_UP_OTP', 2)])
    for (const evidence of [undefined, NO_EVIDENCE]) expect(withinEvidence(verdict, evidence)).toBe(verdict)
  }
})

test('every check is an input of every stage, and never missing', () => {
  const names = ['liveness', 'otp', 'bankcard4f', 'incomeProof', 'nonStudentProof', 'purposeProof']
  const inputOf = createInputs([], ['A'])
  const application = {} as never
  const facts = {
    application,
    values: new Float64Array(),
    ageYears: 1,
    exposureMinor: 0,
    pd: 0,
    points: 0,
    band: 'A',
    fraudPd: 0
  }
  for (const stage of TABLE_STAGES) {
    names.forEach((name, at) => {
      const input = inputOf(stage, `evidence.${name}`)
      expect(input).toMatchObject({ kind: 'choice', choices: ['NONE', 'GIVEN'], mayBeMissing: false })
      const type = STEP_UPS[at] as NextAction['type']
      const evidence = { ...NO_EVIDENCE, given: [{ type, referenceId: 'x', atMs: 1 }] }
      expect([input?.read(facts), input?.read({ ...facts, evidence })]).toEqual(['NONE', 'GIVEN'])
    })
  }
})
