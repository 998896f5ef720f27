import { describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { AssayError, describeError } from '../src/errors.ts'

const KEY = { TOKEN_KEY: 'ab'.repeat(32) }

function refusal(env: Record<string, string | undefined>): AssayError {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof AssayError) return error
    throw error
  }
  throw new Error('the configuration was taken')
}

const namesOf = (error: AssayError) => error.problems.map(({ field }) => field).sort()

describe('the configuration', () => {
  test('has a default for everything but the key, and cannot be changed afterwards', () => {
    const config = loadConfig(KEY)
    expect(config).toMatchObject({ PORT: 8080, HOST: '127.0.0.1', OPS_HOST: '127.0.0.1', ALLOW_AS_OF: false })
    expect(Object.isFrozen(config)).toBe(true)
    expect(() => Object.assign(config, { PORT: 1 })).toThrow(TypeError)
  })

  test('reads numbers and switches from text', () => {
    const config = loadConfig({
      ...KEY,
      PORT: '0',
      DECISION_DEADLINE_MS: '100',
      ALLOW_AS_OF: 'true',
      LOG_LEVEL: 'warn'
    })
    expect(config).toMatchObject({ PORT: 0, DECISION_DEADLINE_MS: 100, ALLOW_AS_OF: true, LOG_LEVEL: 'warn' })
  })

  test('takes an empty variable for one that is not set, and leaves alone what is not ours', () => {
    expect(loadConfig({ ...KEY, PORT: '', HOST: '', PATH: '/bin', REDIS_URLS: 'x' })).toEqual(loadConfig(KEY))
  })

  test('says everything that is wrong at once, and names the variables', () => {
    const error = refusal({
      PORT: 'eighty',
      REDIS_URL: 'http://x',
      LOG_LEVEL: 'loud',
      SCORE_THREADS: '0',
      ALLOW_AS_OF: '1'
    })
    expect(error.code).toBe('config_invalid')
    expect(namesOf(error)).toEqual(['ALLOW_AS_OF', 'LOG_LEVEL', 'PORT', 'REDIS_URL', 'SCORE_THREADS', 'TOKEN_KEY'])
    const printed = describeError(error)
    for (const name of namesOf(error)) expect(printed).toContain(name)
  })

  test('says even twenty problems at once', () => {
    const names = Object.keys(loadConfig(KEY)).filter(
      (name) => !['HOST', 'OPS_HOST', 'MODELS_DIR', 'POLICIES_DIR'].includes(name)
    )
    expect(names.length).toBeGreaterThan(16)
    const error = refusal(Object.fromEntries(names.map((name) => [name, '!'])))
    expect(namesOf(error)).toEqual(names.sort())
  })

  test('never shows a value: it may be a secret', () => {
    const secrets = {
      TOKEN_KEY: 'CANARY-not-hex',
      REDIS_URL: 'postgres://user:CANARY@host',
      REDIS_JOBS_URL: 'CANARY',
      PORT: 'CANARY',
      REDIS_PREFIX: 'CANARY',
      LOG_LEVEL: 'CANARY',
      ALLOW_AS_OF: 'CANARY'
    }
    const error = refusal(secrets)
    expect(namesOf(error)).toEqual(Object.keys(secrets).sort())
    expect(`${describeError(error)} ${error.stack} ${JSON.stringify(error)}`).not.toContain('CANARY')
  })

  test.each(['80.5', '1e3', '0x50', ' 80', '80 ', '-1', '65536', '٨٠', 'NaN', 'Infinity', '9'.repeat(30)])(
    'takes no “%s” for a port',
    (PORT) => {
      expect(namesOf(refusal({ ...KEY, PORT }))).toEqual(['PORT'])
    }
  )

  test.each(['TRUE', 'yes', '1', '0', 'on', 'false '])('takes no “%s” for a switch', (ALLOW_AS_OF) => {
    expect(namesOf(refusal({ ...KEY, ALLOW_AS_OF }))).toEqual(['ALLOW_AS_OF'])
  })

  test.each(['0'.repeat(63), '0'.repeat(65), 'AB'.repeat(32), 'zz'.repeat(32), ` ${'0'.repeat(63)}`])(
    'takes no “%s” for a key of 32 bytes in hex',
    (TOKEN_KEY) => {
      expect(namesOf(refusal({ TOKEN_KEY }))).toEqual(['TOKEN_KEY'])
    }
  )
})
