/**
 * The JSON pointer of the first place where two documents differ, in the order of the first; undefined when they are equal.
 * Members that only the second has do not count where `ignoreAdded` says so.
 */
export function firstDifference(
  left: unknown,
  right: unknown,
  { ignoreAdded = false }: { readonly ignoreAdded?: boolean } = {},
  at = ''
): string | undefined {
  if (Object.is(left, right)) return undefined
  if (!isContainer(left) || !isContainer(right) || Array.isArray(left) !== Array.isArray(right)) return at
  const names = Object.keys(left)
  const added = Object.keys(right).filter((name) => !(name in left))
  for (const name of ignoreAdded && !Array.isArray(left) ? names : [...names, ...added]) {
    const pointer = `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (!(name in left) || !(name in right)) return pointer
    const found = firstDifference(left[name], right[name], { ignoreAdded }, pointer)
    if (found !== undefined) return found
  }
  return undefined
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
