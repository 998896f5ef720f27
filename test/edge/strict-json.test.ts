import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseStrictJson } from '../../src/edge/strict-json.ts'
import { AssayError } from '../../src/errors.ts'

/** What the parser says: the value, or the code of its refusal; anything else it throws fails the test. */
function parse(text: string): unknown {
  try {
    return parseStrictJson(text)
  } catch (error) {
    if (error instanceof AssayError) return error.code
    throw error
  }
}

describe('parseStrictJson', () => {
  test('gives what JSON.parse gives for every text without a repeated name', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), fc.constantFrom(undefined, 1, '\t'), (text, indent) => {
        const value: unknown = JSON.parse(text)
        const shown = JSON.stringify(value, null, indent)
        expect(parse(shown)).toEqual(value)
      })
    )
  })

  test('strings full of quotes, colons, braces and backslashes are only strings', () => {
    const awkward = fc.string({
      unit: fc.constantFrom('"', '\\', ':', '{', '}', '[', ']', ',', 'a', '\n', '\ud83d\ude00')
    })
    fc.assert(
      fc.property(fc.dictionary(awkward, awkward), (value) => {
        expect(parse(JSON.stringify(value))).toEqual(value)
      })
    )
  })

  test('refuses a repeated name at any depth, however it is written', () => {
    const name = fc.string({ maxLength: 4 })
    fc.assert(
      fc.property(
        name,
        fc.jsonValue({ maxDepth: 2 }),
        fc.nat({ max: 6 }),
        fc.boolean(),
        (key, value, depth, escaped) => {
          const plain = JSON.stringify(key)
          const other = escaped ? `"${escapeAll(key)}"` : plain
          const twice = `{${plain}:${JSON.stringify(value)}, "between": 0, ${other} : 1}`
          expect(parse('[{"in":'.repeat(depth) + twice + '}]'.repeat(depth))).toBe('malformed_json')
        }
      )
    )
  })

  test('takes sixteen levels and refuses seventeen, in objects and lists, before it parses them', () => {
    const nested = (levels: number, open: string, close: string) => open.repeat(levels) + close.repeat(levels)
    expect(parse(nested(16, '[', ']'))).not.toBe('malformed_json')
    expect(parse(nested(17, '[', ']'))).toBe('malformed_json')
    expect(parse(nested(1_000_000, '[', ''))).toBe('malformed_json')
    expect(parse(`${'{"a":'.repeat(16)}1${'}'.repeat(16)}`)).not.toBe('malformed_json')
    expect(parse(`${'{"a":'.repeat(17)}1${'}'.repeat(17)}`)).toBe('malformed_json')
  })

  test('never throws anything but malformed_json', () => {
    const text = fc.string({
      unit: fc.constantFrom('"', '\\', ':', '{', '}', '[', ']', ',', '1', 'e', '-', ' ', 'null')
    })
    fc.assert(
      fc.property(text, (garbage) => {
        parse(garbage)
      }),
      { numRuns: 500 }
    )
  })

  test('reads long strings and numbers in time that grows with their length', () => {
    const startedAtMs = performance.now()
    parse(JSON.stringify({ a: '\\'.repeat(30_000) }))
    parse(`{"a":"${'\\"'.repeat(30_000)}"}`)
    parse(`{"a":${'1'.repeat(60_000)}}`)
    parse(`"${'\\'.repeat(60_001)}`)
    expect(performance.now() - startedAtMs).toBeLessThan(500)
  })
})

function escapeAll(text: string): string {
  return [...Array(text.length).keys()]
    .map((index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('')
}
