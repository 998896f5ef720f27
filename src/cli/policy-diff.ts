type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** One difference of two policies. */
export interface PolicyDifference {
  /** A JSON pointer; an element of a list stands under its name, not under its place. */
  readonly path: string
  /** Absent where only the second has it. */
  readonly before?: Json
  /** Absent where only the first has it. */
  readonly after?: Json
}

/** What an element of a list is called by, the first that all of them have and none shares. */
const NAMES = ['id', 'name', 'product', 'band', 'feature', 'code', 'method', 'date', 'from'] as const

/** What differs, in the order of the first policy. Elements that have a name are compared by it; that they changed places is told. */
export function diffPolicies(before: Json, after: Json, path = ''): PolicyDifference[] {
  if (isList(before) && isList(after)) return diffLists(before, after, path)
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return keys.flatMap((key) => diffMembers(before[key], after[key], `${path}/${escapePart(key)}`))
  }
  return Object.is(before, after) ? [] : [{ path, before, after }]
}

/** A line for people. */
export function describeDifference({ path, before, after }: PolicyDifference): string {
  if (before === undefined) return `+ ${path}: ${JSON.stringify(after)}`
  if (after === undefined) return `- ${path}: ${JSON.stringify(before)}`
  return `  ${path}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`
}

function diffMembers(before: Json | undefined, after: Json | undefined, path: string): PolicyDifference[] {
  if (before === undefined) return after === undefined ? [] : [{ path, after }]
  return after === undefined ? [{ path, before }] : diffPolicies(before, after, path)
}

function diffLists(before: readonly Json[], after: readonly Json[], path: string): PolicyDifference[] {
  const name = NAMES.find((key) => isNamedBy(before, key) && isNamedBy(after, key))
  if (name !== undefined && before.length + after.length > 0)
    return diffNamed(before, after, path, (each) => nameOf(each, name))
  if ([...before, ...after].every(isPlain)) return diffNamed(before, after, path, (each) => JSON.stringify(each))
  return Array.from({ length: Math.max(before.length, after.length) }, (_, index) =>
    diffMembers(before[index], after[index], `${path}/${index}`)
  ).flat()
}

function diffNamed(
  before: readonly Json[],
  after: readonly Json[],
  path: string,
  nameIn: (element: Json) => string
): PolicyDifference[] {
  const [old, now] = [
    new Map(before.map((each) => [nameIn(each), each])),
    new Map(after.map((each) => [nameIn(each), each]))
  ]
  const names = [...new Set([...old.keys(), ...now.keys()])]
  const differences = names.flatMap((each) => diffMembers(old.get(each), now.get(each), `${path}/${escapePart(each)}`))
  // The first that hits decides: that rows changed places is a change of its own.
  const [places, newPlaces] = [
    [...old.keys()].filter((each) => now.has(each)),
    [...now.keys()].filter((each) => old.has(each))
  ]
  if (places.join('\n') === newPlaces.join('\n')) return differences
  return [...differences, { path: `${path} (order)`, before: places, after: newPlaces }]
}

function isNamedBy(list: readonly Json[], key: string): boolean {
  const names = list.map((each) => (isRecord(each) && typeof each[key] === 'string' ? each[key] : undefined))
  return !names.includes(undefined) && new Set(names).size === names.length
}

function nameOf(element: Json, key: string): string {
  return String((element as { readonly [key: string]: Json })[key])
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isPlain = (value: Json): boolean => typeof value !== 'object' || value === null

function escapePart(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1')
}
