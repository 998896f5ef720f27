import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Line, waves } from './waves.ts'

const line = fc.record({
  timeMs: fc.integer({ min: 0, max: 30 }),
  applicantId: fc.constantFrom('one', 'two', 'three'),
  deviceId: fc.option(fc.constantFrom('shared', 'other'), { nil: undefined })
})
const byTime = (left: { timeMs: number }, right: { timeMs: number }) => left.timeMs - right.timeMs

test('in waves every application sees what it would have seen one after the other, and nothing is left out', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.array(line, { maxLength: 15 }), (told, asked) => {
      const events = told.sort(byTime).map(({ timeMs, deviceId, ...rest }, index) => ({
        ...rest,
        ...(deviceId !== undefined && { deviceId }),
        eventId: `e${index}`,
        occurredAtMs: timeMs
      }))
      const applications = asked.sort(byTime).map(({ timeMs, deviceId, ...rest }, index) => ({
        ...rest,
        ...(deviceId !== undefined && { device: { deviceId } }),
        applicationId: `a${index}`,
        asOf: timeMs
      }))
      const deviceOf = (each: object) =>
        (each as { deviceId?: string }).deviceId ?? (each as { device?: { deviceId: string } }).device?.deviceId
      const touches = (one: object, other: object) =>
        (one as Line).applicantId === (other as Line).applicantId ||
        (deviceOf(one) !== undefined && deviceOf(one) === deviceOf(other))
      const sent: object[] = []
      for (const wave of waves(events as unknown as Line[], applications as unknown as Line[])) {
        sent.push(...wave.events)
        for (const application of wave.applications) {
          // Those of its own wave may be decided in any order, so none of them may touch it.
          const others = wave.applications.filter((other) => other !== application)
          expect(others.filter((other) => touches(other, application))).toEqual([])
          const before = [
            ...events.filter(({ occurredAtMs }) => occurredAtMs <= application.asOf),
            ...applications.slice(0, applications.indexOf(application as never))
          ]
          const seen = new Set(sent.filter((each) => touches(each, application)))
          expect(seen).toEqual(new Set(before.filter((each) => touches(each, application))))
        }
        sent.push(...wave.applications)
      }
      expect(new Set(sent)).toEqual(new Set([...events, ...applications]))
      expect(sent).toHaveLength(events.length + applications.length)
    })
  )
})
