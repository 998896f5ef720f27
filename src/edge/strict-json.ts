import { AssayError } from '../errors.ts'

const MAX_DEPTH = 16
const QUOTE = 34
const BACKSLASH = 92
const COLON = 58
const isOpening = (char: number): boolean => char === 123 || char === 91
const isClosing = (char: number): boolean => char === 125 || char === 93

/**
 * Parses a body without losing anything silently. JSON.parse keeps the last of two members with the same name; here the
 * members of the text are counted against those of the value, and a difference is an error.
 *
 * @throws AssayError malformed_json
 */
export function parseStrictJson(text: string): unknown {
  const members = countMembers(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AssayError('malformed_json', 'the body could not be parsed as JSON', { cause })
  }
  if (membersOf(value) !== members) throw new AssayError('malformed_json', 'an object has two members of the same name')
  return value
}

function countMembers(text: string): number {
  let members = 0
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index)
    if (char === QUOTE) index = endOfString(text, index)
    else if (char === COLON) members++
    else if (isOpening(char)) depth++
    else if (isClosing(char)) depth--
    if (depth > MAX_DEPTH) throw new AssayError('malformed_json', `the body nests deeper than ${MAX_DEPTH}`)
  }
  return members
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end > 0 && text.charCodeAt(end - 1) === BACKSLASH && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end < 0 ? text.length : end
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++
  return backslashes % 2 === 1
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (Array.isArray(value)) {
    for (const item of value) members += membersOf(item)
    return members
  }
  for (const name in value) members += 1 + membersOf((value as Record<string, unknown>)[name])
  return members
}
