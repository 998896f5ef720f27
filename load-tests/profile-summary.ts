/** The part of the inspector’s Profiler.Profile that counts here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const TOP = 25
const OUTSIDE = new Set(['(idle)'])

interface Share {
  readonly name: string
  readonly micros: number
}

/** Where the time went by self time: groups of code first, then the costliest functions. Idle time is left out. */
export function summarise(profile: CpuProfile): string {
  const byId = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
  const [functions, groups] = [new Map<string, number>(), new Map<string, number>()]
  let busy = 0
  profile.samples.forEach((id, index) => {
    const frame = byId.get(id)
    const micros = profile.timeDeltas[index] ?? 0
    if (frame === undefined || OUTSIDE.has(frame.functionName)) return
    busy += micros
    const place = shortUrl(frame.url)
    const name = frame.functionName || '(anonymous)'
    add(functions, place === '' ? name : `${name}  ${place}:${frame.lineNumber + 1}`, micros)
    add(groups, place === '' ? (name.startsWith('(') ? name : '(native code)') : groupOf(place), micros)
  })
  const line = ({ name, micros }: Share): string => `  ${((100 * micros) / busy).toFixed(1).padStart(5)} %  ${name}`
  return [
    `Profile: ${(busy / 1e6).toFixed(2)} s busy, self time`,
    ...sorted(groups).slice(0, TOP).map(line),
    '',
    ...sorted(functions).slice(0, TOP).map(line),
    ''
  ].join('\n')
}

function add(to: Map<string, number>, name: string, micros: number): void {
  to.set(name, (to.get(name) ?? 0) + micros)
}

function sorted(shares: ReadonlyMap<string, number>): Share[] {
  return [...shares].map(([name, micros]) => ({ name, micros })).sort((left, right) => right.micros - left.micros)
}

/** From the project’s own folder; a package as node_modules/<name>/… */
function shortUrl(url: string): string {
  const path = url.startsWith('file://') ? url.slice('file://'.length) : url
  const root = new URL('..', import.meta.url).pathname
  return path.startsWith(root) ? path.slice(root.length) : path
}

/** src/<folder>, the package, or Node itself. */
function groupOf(place: string): string {
  if (place.startsWith('node:')) return 'node'
  const parts = place.split('/')
  if (parts[0] === 'node_modules') return parts.slice(0, parts[1]?.startsWith('@') === true ? 3 : 2).join('/')
  return parts.slice(0, parts.length > 2 ? 2 : 1).join('/')
}
