import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, posix, relative } from 'node:path'
import { createContextFilter } from './docker-ignore.ts'
import { type Stage, stagesOf } from './dockerfile.ts'
import { type Base, createRoot, type Entering, runIn } from './private-root.ts'

/** What an engine would write beside the layers. */
export interface Image {
  readonly root: string
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly workdir: string
  readonly command: readonly string[]
  readonly healthCheck: readonly string[]
  readonly ports: readonly number[]
}

export interface BuildOptions {
  /** Where Dockerfile and .dockerignore are. */
  readonly context: string
  /** A folder that is ours. */
  readonly directory: string
  readonly base: Base
  readonly note: (line: string) => void
}

type Building = { -readonly [Key in keyof Image]: Image[Key] }

const RUN_DEADLINE_MS = 300_000
const NPM_CACHE = '/tmp/npm-cache'
const OF_THE_MACHINE = /^(https?_proxy|no_proxy|SSL_CERT_\w+|NODE_EXTRA_CA_CERTS|npm_config_registry)$/i
/** What only says something about the image, or sets it for the next instruction. */
const SETTERS: Readonly<Record<string, (image: Building, value: string) => void>> = {
  ENV: (image, value) => {
    const pairs = [...value.matchAll(/(\w+)=(?:"([^"]*)"|(\S*))/g)].map(([, name, quoted, bare]) => [
      name,
      quoted ?? bare
    ])
    image.env = { ...image.env, ...Object.fromEntries(pairs) }
  },
  WORKDIR: (image, value) => {
    image.workdir = posix.resolve(image.workdir, value)
    mkdirSync(join(image.root, image.workdir), { recursive: true })
  },
  USER: (image, value) => {
    image.user = value
  },
  EXPOSE: (image, value) => {
    image.ports = value.split(' ').map(Number)
  },
  CMD: (image, value) => {
    image.command = JSON.parse(value) as string[]
  },
  HEALTHCHECK: (image, value) => {
    image.healthCheck = JSON.parse(value.slice(value.indexOf('['))) as string[]
  }
}

/** Does what the Dockerfile says, in a root of its own for each stage. @throws at the first step that fails */
export function buildImage(options: BuildOptions): Image {
  const stages = stagesOf(readFileSync(join(options.context, 'Dockerfile'), 'utf8'))
  const built = new Map<string, string>()
  let image: Building | undefined
  for (const [index, stage] of stages.entries()) {
    image = buildStage(stage, join(options.directory, `stage-${index}`), built, options)
    if (stage.name !== undefined) built.set(stage.name, image.root)
  }
  if (image === undefined) throw new Error('the Dockerfile has no stage')
  return image
}

function buildStage(stage: Stage, root: string, built: ReadonlyMap<string, string>, options: BuildOptions): Building {
  createRoot(root)
  const image: Building = { root, env: {}, user: 'root', workdir: '/', command: [], healthCheck: [], ports: [] }
  for (const { name, value } of stage.instructions) {
    options.note(`${name} ${value.length > 90 ? `${value.slice(0, 90)}…` : value}`)
    if (name === 'COPY') copy(image, value, built, options.context)
    else if (name === 'RUN') runIn(entering(image, options.base), ['/bin/sh', '-c', value], RUN_DEADLINE_MS)
    else if (Object.hasOwn(SETTERS, name)) SETTERS[name]?.(image, value)
    else throw new Error(`${name} is not done here`)
  }
  return image
}

function copy(image: Building, value: string, built: ReadonlyMap<string, string>, context: string): void {
  const [, from, rest = ''] = /^(?:--from=(\S+)\s+)?([^-].*)$/.exec(value) ?? []
  const paths = rest.split(' ')
  const target = paths.pop() ?? ''
  const to = join(image.root, posix.resolve(image.workdir, target))
  const source = from === undefined ? context : built.get(from)
  if (source === undefined || paths.length === 0) throw new Error(`COPY ${value} is not read here`)
  const isIn = createContextFilter(readFileSync(join(context, '.dockerignore'), 'utf8'))
  for (const path of paths) {
    const absolute = join(source, path)
    if (!existsSync(absolute) || (from === undefined && !isIn(path))) throw new Error(`COPY: ${path} is not there`)
    const isFolder = statSync(absolute).isDirectory()
    const filter = (file: string) => from !== undefined || isIn(relative(context, file))
    // A folder gives its content, a file goes into the folder that ends in a slash.
    const destination = !isFolder && target.endsWith('/') ? join(to, basename(path)) : to
    cpSync(absolute, destination, { recursive: true, filter, verbatimSymlinks: true, preserveTimestamps: true })
  }
}

/** Builds reach the registry as this machine does: by its proxy, its certificates and its cache. Nothing of it stays. */
function entering({ root, env, user, workdir }: Building, base: Base): Entering {
  const cache = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim()
  mkdirSync(cache, { recursive: true })
  const machine = Object.entries(process.env).filter(([name]) => OF_THE_MACHINE.test(name)) as [string, string][]
  const npm = { npm_config_cache: NPM_CACHE, npm_config_prefer_offline: 'true' }
  const all = { ...Object.fromEntries(machine), ...npm, ...env }
  return { root, base, workdir, user, env: all, isReadOnly: false, mounts: { [NPM_CACHE]: cache } }
}
