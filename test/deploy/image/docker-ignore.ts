interface Rule {
  readonly pattern: RegExp
  readonly lets: boolean
}

/**
 * Whether a path of the checkout (with `/`, relative) belongs to what the engine is given. As the engine reads
 * .dockerignore: the last rule that matches the path or a folder it is in decides.
 */
export function createContextFilter(text: string): (path: string) => boolean {
  const rules: Rule[] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const lets = line.startsWith('!')
      return { lets, pattern: patternOf((lets ? line.slice(1) : line).replaceAll(/^\/|\/$/g, '')) }
    })
  return (path) => {
    const parts = path.split('/')
    const paths = parts.map((_, index) => parts.slice(0, index + 1).join('/'))
    return rules.findLast(({ pattern }) => paths.some((each) => pattern.test(each)))?.lets ?? true
  }
}

function patternOf(glob: string): RegExp {
  if (/[[\]\\]/.test(glob)) throw new Error(`.dockerignore: ${glob} has signs that are not read here`)
  const source = glob
    .replaceAll(/[.+^$(){}|]/g, '\\$&')
    .replaceAll(
      /\*\*\/|\*\*|\*|\?/g,
      (sign) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' })[sign] ?? ''
    )
  return new RegExp(`^${source}$`)
}
