import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = new URL('..', import.meta.url).pathname
const read = (file: string) => readFileSync(`${ROOT}${file}`, 'utf8')
const SOURCES = globSync(['src/**/*.ts', 'workers/**/*.ts'], { cwd: ROOT }).sort()

/** What a file imports, types as well: static, dynamic and re-exported. */
function importsOf(file: string): string[] {
  const text = read(file)
  const found = [
    ...text.matchAll(/^(?:import|export)\b[^'"`;]*?\bfrom\s+'([^']+)'/gm),
    ...text.matchAll(/^import\s+'([^']+)'/gm),
    ...text.matchAll(/\bimport\('([^']+)'\)/g)
  ]
  return found.map(([, specifier = '']) => specifier)
}

/** Files that put parts together and read the environment. */
const ROOTS = [
  'src/main.ts',
  'src/later-rounds.ts',
  'src/decision-metrics.ts',
  'src/serving-metrics.ts',
  'src/policy-metrics.ts',
  'src/review-metrics.ts',
  'src/verdict-metrics.ts',
  'src/feature-metrics.ts',
  'src/guard-metrics.ts',
  'src/portfolio-metrics.ts',
  'src/cli',
  'workers/ingest.ts',
  'workers/monitor.ts',
  'workers/monitor-guard.ts',
  'workers/monitor-loans.ts',
  'workers/monitor-warnings.ts'
]
/** Small files at the root of src that everybody may use: no part of the system, and themselves without one. */
const COMMON = [
  'src/clock.ts',
  'src/errors.ts',
  'src/log.ts',
  'src/metrics.ts',
  'src/metric-definition.ts',
  'src/verdict-metric-table.ts',
  'src/portfolio-metric-table.ts',
  'src/drift-metric-table.ts',
  'src/version.ts'
]
/** A folder that is not listed on the right is forbidden: a new edge is an edit here, to be reviewed. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'src/domain': [],
  'src/edge': ['src/domain'],
  'src/redis': ['src/domain'],
  'src/features': ['src/domain', 'src/redis'],
  'src/policy': ['src/domain', 'src/features', 'src/inference'],
  'src/inference': ['src/domain', 'src/features'],
  'src/access': ['src/domain', 'src/redis'],
  'src/decisions': ['src/domain', 'src/features', 'src/inference', 'src/policy', 'src/redis'],
  'src/loans': ['src/domain', 'src/redis'],
  'src/warnings': ['src/domain', 'src/features', 'src/inference', 'src/loans', 'src/redis'],
  'src/guard': ['src/domain', 'src/redis', 'src/loans', 'src/decisions'],
  'src/drift': ['src/domain', 'src/inference'],
  'src/outcomes': ['src/domain', 'src/redis', 'src/decisions'],
  'src/explanation': ['src/domain', 'src/features', 'src/inference', 'src/policy', 'src/decisions'],
  'src/serving': ['src/domain', 'src/features', 'src/inference', 'src/policy', 'src/decisions', 'src/redis'],
  'src/monitoring': [
    'src/domain',
    'src/features',
    'src/inference',
    'src/redis',
    'src/decisions',
    'src/loans',
    'src/outcomes',
    'src/webhooks'
  ],
  'src/webhooks': ['src/domain', 'src/redis'],
  'src/notices': ['src/domain'],
  'src/reviews': ['src/domain', 'src/policy', 'src/redis', 'src/decisions', 'src/webhooks'],
  'src/inbox': ['src/domain', 'src/edge', 'src/features', 'src/redis'],
  'src/gateway': [
    'src/loans',
    'src/domain',
    'src/edge',
    'src/features',
    'src/inference',
    'src/decisions',
    'src/access',
    'src/explanation',
    'src/outcomes',
    'src/notices',
    'src/reviews',
    'src/webhooks'
  ],
  'src/config.ts': ['src/domain'],
  'src/log.ts': [],
  'src/metrics.ts': [],
  'src/metric-definition.ts': [],
  'src/verdict-metric-table.ts': [],
  'src/portfolio-metric-table.ts': [],
  'src/drift-metric-table.ts': [],
  'src/errors.ts': [],
  'src/clock.ts': [],
  'src/version.ts': [],
  'src/shutdown.ts': [],
  'src/worker-loop.ts': [],
  'workers/score.ts': ['src/inference']
}

const partOf = (file: string) => (file.startsWith('workers/') ? file : file.split('/').slice(0, 2).join('/'))

describe('who may import whom', () => {
  test('every import between folders follows the table', () => {
    const broken = SOURCES.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => posix.join(posix.dirname(file), specifier))
        .filter((target) => {
          const [from, to] = [partOf(file), partOf(target)]
          if (from === to || ROOTS.includes(from)) return false
          if (from === 'src/domain') return true
          return !(ALLOWED[from]?.includes(to) || COMMON.includes(to))
        })
        .map((target) => `${file} -> ${target}`)
    )
    expect(broken).toEqual([])
  })

  test('the table knows every part', () => {
    const parts = [...new Set(SOURCES.map(partOf))]
    expect(parts.filter((part) => ALLOWED[part] === undefined && !ROOTS.includes(part))).toEqual([])
  })

  test('the scoring thread imports only its protocol and the attribution: every import is paid once per thread', () => {
    const [own, foreign] = [true, false].map((relative) =>
      importsOf('workers/score.ts').filter((specifier) => specifier.startsWith('.') === relative)
    )
    expect(own?.sort()).toEqual([
      '../src/inference/attribution.ts',
      '../src/inference/batch-memory.ts',
      '../src/inference/protocol.ts'
    ])
    expect(foreign?.sort()).toEqual(['node:worker_threads', 'onnxruntime-node'])
  })

  test('nothing imports a process, a test or a load test', () => {
    const wrong = SOURCES.flatMap((file) =>
      importsOf(file)
        .filter(
          (specifier) =>
            /(^|\/)(workers|test|load-tests|launcher|demo)\//.test(specifier) || /\/main\.ts$/.test(specifier)
        )
        .map((specifier) => `${file} -> ${specifier}`)
    )
    expect(wrong).toEqual([])
  })

  test('only what puts parts together reads the environment', () => {
    const readers = SOURCES.filter((file) => /\bprocess\.env\b/.test(read(file)))
    expect(readers.filter((file) => !ROOTS.includes(partOf(file)))).toEqual([])
  })
})

describe('where a library may be used', () => {
  const FENCES: [library: RegExp, allowed: RegExp][] = [
    [/^(fastify|fastify-plugin|@fastify\/.*|@scalar\/.*)$/, /^src\/gateway\//],
    [
      /^ioredis$/,
      /^src\/(redis\/|access\/|inbox\/|webhooks\/|features\/(behaviour-store|compactor|entity-store)\.ts|(decisions|guard|loans|outcomes|reviews|serving|warnings)\/redis-|monitoring\/|cli\/|(main|later-rounds)\.ts)|^workers\/(ingest|monitor|monitor-loans|monitor-guard|monitor-warnings)\.ts/
    ],
    [/^bullmq$/, /^src\/monitoring\/|^workers\/monitor(-loans)?\.ts/],
    [/^piscina$/, /^src\/inference\/pool\.ts/],
    [/^onnxruntime-node$/, /^workers\/score\.ts/],
    [/^prom-client$/, /^src\/metrics\.ts/],
    [/^pino$/, /^src\/log\.ts/],
    [/^csv-parse/, /^src\/cli\//]
  ]
  test.each(FENCES)('%s only in %s', (library, allowed) => {
    const users = SOURCES.filter((file) => importsOf(file).some((specifier) => library.test(specifier)))
    expect(users.length).toBeGreaterThan(0)
    expect(users.filter((file) => !allowed.test(file))).toEqual([])
  })

  test('every package that is imported is a dependency, and every dependency is imported', () => {
    const { dependencies } = JSON.parse(read('package.json'))
    const used = new Set(
      SOURCES.flatMap(importsOf)
        .filter((specifier) => !/^(\.|node:)/.test(specifier))
        .map((specifier) =>
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/')
        )
    )
    expect([...used].filter((name) => dependencies[name] === undefined)).toEqual([])
    expect(Object.keys(dependencies).filter((name) => !used.has(name))).toEqual([])
  })
})

describe('the shape of the code', () => {
  const TEXTS = globSync(
    [
      'src/**/*.ts',
      'workers/**/*.ts',
      'test/**/*.ts',
      'load-tests/**/*.{ts,mjs}',
      'demo/**/*.{ts,mjs}',
      'launcher/**/*.mjs',
      'docs/**/*.ts'
    ],
    {
      cwd: ROOT
    }
  )

  test('no file is longer than 350 lines', () => {
    const long = TEXTS.map((file) => `${file}: ${read(file).trimEnd().split('\n').length}`)
    expect(long.filter((each) => Number(each.split(': ')[1]) > 350)).toEqual([])
  })

  test('nothing is exported by default, no file is a barrel, and none has a name that says nothing', () => {
    expect(SOURCES.filter((file) => /^export default\b/m.test(read(file)))).toEqual([])
    expect(SOURCES.filter((file) => /^export \* from/m.test(read(file)))).toEqual([])
    expect(SOURCES.filter((file) => /\/(utils?|helpers?|common|types|index|constants|misc)\.ts$/.test(file))).toEqual(
      []
    )
  })

  test('names are kebab-case', () => {
    expect(SOURCES.filter((file) => !/^[a-z0-9-]+\.ts$/.test(posix.basename(file)))).toEqual([])
  })
})

describe('the lock', () => {
  test('has no download addresses: they would name somebody’s mirror', () => {
    expect(read('package-lock.json')).not.toContain('"resolved"')
    expect(read('package-lock.json')).toContain('"integrity"')
  })
})
