import { Type } from 'typebox'
import { idSchema } from '../ids.ts'
import {
  allOrNothing,
  type Codes,
  countSchema,
  DAY_MS,
  defineType,
  durationSchema,
  memberOf,
  strict
} from './event-type.ts'

/** Bits of a set, added up in `code`; the gravest are the highest, so that “above” can ask for them. Stored, as codes are. */
export const PASTE_BITS = {
  other: 1,
  income: 2,
  address: 4,
  contact: 8,
  phone: 16,
  bankCard: 32,
  name: 64,
  nationalId: 128
} as const
export const TAMPERING_BITS = { rooted: 1, emulator: 2, hooked: 4 } as const

function bitsOf<Member extends string>(bits: Codes<Member>, members: readonly Member[] | undefined) {
  return members?.reduce((all, member) => all | bits[member], 0)
}

/** What the app saw while it was used: how a form was filled in, and on what device. */
export const SESSION_EVENTS = {
  'form.interaction': defineType({
    code: 15,
    data: Type.Object(
      {
        formId: idSchema('Code of the form'),
        step: Type.Optional(countSchema('Number of the step', 1000)),
        durationMs: durationSchema('From the first touch of the step to its end'),
        keystrokes: Type.Optional(countSchema('Keys pressed')),
        backspaces: Type.Optional(countSchema('Keys that deleted')),
        pastes: Type.Optional(countSchema('Pastes into any field')),
        pastedFields: Type.Optional(
          Type.Array(memberOf(PASTE_BITS), { uniqueItems: true, maxItems: 8, description: 'Fields pasted into' })
        ),
        fieldRevisits: Type.Optional(countSchema('Returns to a field that was left')),
        focusLosses: Type.Optional(countSchema('Times the app went to the background')),
        inputIntervalP95Ms: Type.Optional(durationSchema('Pause between inputs that one in twenty exceeds'))
      },
      strict
    ),
    fields: ({ durationMs, keystrokes, backspaces, pastes, pastedFields, inputIntervalP95Ms }) => ({
      durationMs,
      lagMs: inputIntervalP95Ms,
      code: bitsOf(PASTE_BITS, pastedFields),
      count: pastes,
      permille: deletedPermille(keystrokes, backspaces)
    })
  }),
  'device.snapshot': defineType({
    code: 16,
    data: Type.Object(
      {
        tampering: Type.Optional(
          Type.Array(memberOf(TAMPERING_BITS), {
            uniqueItems: true,
            maxItems: 3,
            description: 'Empty: looked, found none'
          })
        ),
        isVpn: Type.Optional(Type.Boolean()),
        isForeignTimezone: Type.Optional(Type.Boolean({ description: 'Whether its zone differs from its address’s' })),
        simChangedDays: Type.Optional(countSchema('Days since the SIM was changed', 3650)),
        upMs: Type.Optional(durationSchema('Since the device was started'))
      },
      strict
    ),
    fields: ({ tampering, isVpn, isForeignTimezone, simChangedDays, upMs }) => ({
      lagMs: upMs,
      durationMs: simChangedDays === undefined ? undefined : simChangedDays * DAY_MS,
      code: bitsOf(TAMPERING_BITS, tampering),
      count: isForeignTimezone === undefined ? undefined : Number(isForeignTimezone),
      permille: allOrNothing(isVpn)
    })
  })
} as const

/** Backspaces by keystrokes, in thousandths; no keystroke, no share. */
function deletedPermille(keystrokes: number | undefined, backspaces: number | undefined): number | undefined {
  if (keystrokes === undefined || backspaces === undefined || keystrokes === 0) return undefined
  return Math.min(1000, Math.round((backspaces * 1000) / keystrokes))
}
