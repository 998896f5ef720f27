/** A container that is open while a text is read: an object with the names it has so far, or a list with its index. */
interface Open {
  readonly names: Set<string> | undefined
  name: string
  index: number
}

const QUOTE = '"'

/**
 * JSON pointers of members whose name stands twice in one object: JSON.parse keeps the last of them alone, so that who reads
 * the file sees what does not count.
 *
 * @param text valid JSON
 */
export function findRepeatedMembers(text: string): string[] {
  const open: Open[] = []
  const found: string[] = []
  let last = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    const inside = open.at(-1)
    if (char === QUOTE) {
      const end = endOfString(text, at)
      last = text.slice(at, end + 1)
      at = end
    } else if (char === ':' && inside?.names !== undefined) {
      inside.name = JSON.parse(last)
      if (inside.names.has(inside.name)) found.push(pointerOf(open))
      inside.names.add(inside.name)
    } else if (char === '{' || char === '[') {
      open.push({ names: char === '{' ? new Set() : undefined, name: '', index: 0 })
    } else if (char === '}' || char === ']') {
      open.pop()
    } else if (char === ',' && inside?.names === undefined && inside !== undefined) inside.index++
  }
  return found
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== QUOTE) at += text[at] === '\\' ? 2 : 1
  return at
}

function pointerOf(open: readonly Open[]): string {
  const escaped = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1')
  return open.map(({ names, name, index }) => `/${names === undefined ? index : escaped(name)}`).join('')
}
