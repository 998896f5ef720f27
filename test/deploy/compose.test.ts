import { existsSync, globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { SERVICES as LAUNCHED } from '../../launcher/stack.mjs'
import { ConfigSchema, loadConfig } from '../../src/config.ts'

interface Service {
  readonly image: string
  readonly build?: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly networks: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[]; readonly disable?: boolean }
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly mem_limit?: string
  readonly pids_limit?: number
  readonly stop_grace_period?: string
  readonly user?: string
}

const ROOT = new URL('../../', import.meta.url)
const TEXT = readFileSync(new URL('docker-compose.yml', ROOT), 'utf8')
const FILE = parse(TEXT, { merge: true }) as {
  services: Record<string, Service>
  networks: Record<string, { internal?: boolean }>
  volumes: Record<string, unknown>
}
const SERVICES = Object.entries(FILE.services).map(([name, service]) => ({ name, ...service }))
const OURS = SERVICES.filter(({ build }) => build !== undefined)
const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string }

/** A text of the file with the variables that are set, or what it says in their place. */
function interpolated(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$\{(\w+):(?:-([^}]*)|\?[^}]*)\}/g,
    (_all, name: string, other = '') => variables[name] || other
  )
}

/** `A:/b:ro` in its parts; a source that begins with a dot is a file of ours. */
function mounts({
  volumes = []
}: Service): { readonly source: string; readonly target: string; readonly mode: string }[] {
  return volumes.map((volume) => {
    const [source = '', target = '', mode = 'rw'] = interpolated(volume, {}).split(':')
    return { source, target, mode }
  })
}

test('compose starts Redis, the three processes as the launcher does, Prometheus, Alertmanager and Grafana', () => {
  const others = ['prometheus', 'alertmanager', 'grafana']
  expect(SERVICES.map(({ name }) => name)).toEqual(['redis', 'gateway', 'ingest', 'monitor', ...others])
  expect(OURS.map(({ name, command }) => `${name}: ${command?.join(' ')}`)).toEqual(
    LAUNCHED.map(({ name, nodeArgs = [], entry }) => `${name}: ${['node', ...nodeArgs, entry].join(' ')}`)
  )
})

describe.each(SERVICES)('$name', (service) => {
  test('has no right it does not need and a limit on what it takes', () => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/^\d+[mg]$/),
      pids_limit: expect.any(Number),
      tmpfs: [expect.stringMatching(/^\/tmp:size=\d+m$/)]
    })
    for (const key of ['privileged', 'cap_add', 'network_mode', 'pid', 'ipc', 'devices', 'env_file']) {
      expect(service).not.toHaveProperty(key)
    }
  })

  test('publishes ports on this machine only', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
  })

  test('runs an image of a stated version', () => {
    expect(service.image).toMatch(/^[a-z/]+:v?\d+\.\d+\.\d+(-[a-z]+)?$/)
    if (service.build !== undefined) expect(service.image).toBe(`assay:${version}`)
  })

  test('mounts files of ours read-only and keeps its own in a named volume', () => {
    for (const { source, mode } of mounts(service)) {
      if (source.startsWith('./')) {
        expect(mode, source).toBe('ro')
        expect(existsSync(new URL(source, ROOT)), source).toBe(true)
      } else expect(Object.keys(FILE.volumes)).toContain(source)
    }
  })

  test('has a health check, and waits for the health of what it needs', () => {
    // The image of the three processes brings its own: see dockerfile.test.ts.
    if (service.build === undefined) expect(service.healthcheck?.test.length).toBeGreaterThan(1)
    else expect(service.healthcheck).toBeUndefined()
    for (const { condition } of Object.values(service.depends_on ?? {})) expect(condition).toBe('service_healthy')
  })
})

/** What the network of the containers decides, what mounts stand for, and what is for tests only. */
const FIXED = [
  ...['REDIS_URL', 'HOST', 'PORT', 'OPS_HOST', 'OPS_PORT', 'TOKEN_KEY', 'SHUTDOWN_DEADLINE_MS'],
  ...['MODELS_DIR', 'POLICIES_DIR', 'WEBHOOK_ALLOW_PRIVATE', 'ALLOW_AS_OF']
]
/** Values that are none by default, where a number will not do. */
const CHOSEN: Readonly<Record<string, string>> = {
  REDIS_JOBS_URL: 'redis://other:6379',
  REDIS_PREFIX: 'other',
  OPS_ADMIN_KEY: 'k'.repeat(24),
  LOG_LEVEL: 'warn',
  JOBS_TIME_ZONE: 'Africa/Lagos',
  SCORE_THREADS: '2',
  LOAN_GRACE_DAYS: '3',
  ADOPT_FOREIGN_PROFILES: 'true'
}

describe.each(OURS)(
  'the environment of $name',
  ({ environment = {}, volumes, stop_grace_period, networks, depends_on }) => {
    test('names only variables that the configuration knows', () => {
      const unknown = Object.keys(environment).filter((name) => !Object.hasOwn(ConfigSchema.properties, name))
      expect(unknown).toEqual([])
    })

    const filled = (variables: Readonly<Record<string, string>>) => {
      const all = { TOKEN_KEY: 'a'.repeat(64), REDIS_PASSWORD: 'secret', ...variables }
      return loadConfig(
        Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, interpolated(value, all)]))
      )
    }

    test('is a configuration once the secrets are there, and answers other containers', () => {
      const config = filled({})
      expect(config).toMatchObject({ OPS_HOST: '0.0.0.0', REDIS_URL: 'redis://:secret@redis:6379', ALLOW_AS_OF: false })
      expect(Number.parseInt(stop_grace_period ?? '', 10) * 1000).toBeGreaterThan(config.SHUTDOWN_DEADLINE_MS)
    })

    test('has what .env says of every variable that an installation may choose, and the default of the others', () => {
      const chosen = Object.keys(ConfigSchema.properties).filter((name) => !FIXED.includes(name))
      const values = Object.fromEntries(chosen.map((name) => [name, CHOSEN[name] ?? '77']))
      const config: Record<string, unknown> = filled(values)
      expect(Object.fromEntries(chosen.map((name) => [name, String(config[name])]))).toEqual(values)
      const { TOKEN_KEY: _, ...defaults } = loadConfig({ TOKEN_KEY: '0'.repeat(64) })
      const own = ['REDIS_URL', 'HOST', 'OPS_HOST', 'OPS_PORT']
      for (const [name, value] of Object.entries(defaults))
        if (!own.includes(name)) expect(filled({})).toHaveProperty(name, value)
    })

    test('has the policies and models that the command line of this machine changes', () => {
      expect(mounts({ volumes } as Service)).toEqual([
        { source: './policies', target: '/app/policies', mode: 'ro' },
        { source: './models', target: '/app/models', mode: 'ro' }
      ])
    })

    test('reaches Redis and is reached by Prometheus', () => {
      expect(networks).toEqual(['store', 'ops'])
      expect(Object.keys(depends_on ?? {})).toEqual(['redis'])
    })
  }
)

test('no secret has a value in the file, and none may be left out that the configuration asks for', () => {
  const values = SERVICES.flatMap(({ environment = {} }) => Object.entries(environment))
  for (const [name, value] of values) {
    if (/KEY|PASSWORD|SECRET|TOKEN/.test(name)) expect(value, name).toMatch(/^\$\{\w+:(\?[^}]+|-)\}$/)
    if (['TOKEN_KEY', 'REDIS_PASSWORD', 'GF_SECURITY_ADMIN_PASSWORD'].includes(name)) expect(value).toContain(':?')
    expect(value.replaceAll(/\$\{[^}]*\}/g, ''), name).not.toMatch(/:[^/@]+@/)
  }
})

test('Redis keeps everything, throws nothing away, wants a password and is reached by the three processes alone', () => {
  const { redis } = FILE.services
  const command = redis?.command?.join('\n') ?? ''
  for (const option of ['--appendonly yes', '--appendfsync always', '--maxmemory-policy noeviction', 'requirepass']) {
    expect(command).toContain(option)
  }
  expect(mounts(redis!)).toEqual([{ source: 'redis-data', target: '/data', mode: 'rw' }])
  expect(redis).toMatchObject({ user: 'redis', networks: ['store'] })
  expect(redis).not.toHaveProperty('ports')
  expect(FILE.networks.store?.internal).toBe(true)
  const members = SERVICES.filter(({ networks }) => networks.includes('store')).map(({ name }) => name)
  expect(members).toEqual(['redis', 'gateway', 'ingest', 'monitor'])
})

test('Prometheus scrapes each process where it listens', () => {
  const config = parse(readFileSync(new URL('dashboards/prometheus.yml', ROOT), 'utf8')) as {
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[]
  }
  const targets = config.scrape_configs.flatMap(({ static_configs }) => static_configs.flatMap((each) => each.targets))
  expect(targets).toEqual(OURS.map(({ name, environment }) => `${name}:${environment?.OPS_PORT}`))
  expect(mounts(FILE.services.prometheus!)).toContainEqual({
    source: './dashboards/prometheus.yml',
    target: '/etc/prometheus/prometheus.yml',
    mode: 'ro'
  })
})

test('Prometheus finds its rules and Alertmanager, and Alertmanager the files it reads addresses from', () => {
  const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8')
  const { rule_files, alerting } = parse(read('dashboards/prometheus.yml')) as {
    rule_files: string[]
    alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] }
  }
  const prometheus = mounts(FILE.services.prometheus!)
  const rules = prometheus.find(({ source }) => source === './dashboards/rules')
  for (const pattern of rule_files) {
    const path = pattern.replace('/etc/prometheus/rules/', '').replace('rules/', '')
    expect(globSync(path, { cwd: new URL('dashboards/rules', ROOT) }), pattern).not.toEqual([])
  }
  expect(rules).toMatchObject({ target: '/etc/prometheus/rules', mode: 'ro' })
  const targets = alerting.alertmanagers.flatMap(({ static_configs }) => static_configs.flatMap((each) => each.targets))
  expect(targets).toEqual(['alertmanager:9093'])
  const alertmanager = FILE.services.alertmanager!
  expect(alertmanager.networks.filter((name) => FILE.services.prometheus?.networks.includes(name))).toEqual(['ops'])
  const text = read('dashboards/alertmanager.yml')
  expect(alertmanager.command).toContain('--config.file=/etc/alertmanager/alertmanager.yml')
  const named = [...text.matchAll(/_file: *'?([^'\s]+)/g)].map(([, path = '']) => path)
  const folder = mounts(alertmanager).find(({ source }) => source === './dashboards/alerts')
  expect(named.length).toBeGreaterThan(0)
  for (const path of named) {
    expect(path.startsWith(`${folder?.target}/`), path).toBe(true)
    expect(existsSync(new URL(`dashboards/alerts/${path.slice(`${folder?.target}/`.length)}`, ROOT)), path).toBe(true)
  }
})

test('Grafana lets nobody in without the password, and finds its data source and its dashboards', () => {
  const grafana = FILE.services.grafana!
  expect(grafana.environment).toMatchObject({ GF_AUTH_ANONYMOUS_ENABLED: 'false', GF_USERS_ALLOW_SIGN_UP: 'false' })
  const folder = (path: string) => new URL(`dashboards/grafana/provisioning/${path}`, ROOT)
  const { providers } = parse(readFileSync(folder('dashboards/assay.yml'), 'utf8')) as {
    providers: { options: { path: string } }[]
  }
  const { datasources } = parse(readFileSync(folder('datasources/prometheus.yml'), 'utf8')) as {
    datasources: { url: string }[]
  }
  const targetOf = (source: string) => mounts(grafana).find((mount) => mount.source === source)?.target
  expect(targetOf('./dashboards/grafana/provisioning')).toBe('/etc/grafana/provisioning')
  expect(providers.map(({ options }) => options.path)).toEqual([targetOf('./dashboards')])
  expect(datasources.map(({ url }) => url)).toEqual(['http://prometheus:9090'])
  const home = grafana.environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? ''
  expect(existsSync(new URL(home.replace('/etc/assay/', './'), ROOT))).toBe(true)
})
