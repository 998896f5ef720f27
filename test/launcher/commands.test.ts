import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { startOptions } from '../../launcher/options.mjs'

const RUN = fileURLToPath(new URL('../../run.mjs', import.meta.url))

function run(...args: string[]) {
  return spawnSync(process.execPath, [RUN, ...args], { encoding: 'utf8' })
}

describe('run.mjs', () => {
  test('lists its commands when asked', () => {
    const { status, stdout } = run('--help')
    expect(status).toBe(0)
    for (const command of ['start', 'test', 'check', 'load', 'train', 'cli'])
      expect(stdout).toContain(`\n  ${command} `)
  })

  test('refuses a command it does not have with exit code 2', () => {
    const { status, stdout, stderr } = run('constructor')
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^There is no command constructor\.\n/)
  })

  test('refuses an option of start it does not have with exit code 2', () => {
    const { status, stderr } = run('start', '--prot', '9000')
    expect(status).toBe(2)
    expect(stderr).toContain("Unknown option '--prot'")
  })
})

describe('the options of start', () => {
  test('leave the ports open when nobody names one', () => {
    expect(startOptions([], {})).toEqual({ help: false, host: '127.0.0.1', port: null, opsPort: null })
  })

  test('come from the environment, and an argument overrules it', () => {
    const env = { PORT: '9000', HOST: '0.0.0.0', OPS_PORT: '9500' }
    expect(startOptions([], env)).toMatchObject({ host: '0.0.0.0', port: 9000, opsPort: 9500 })
    expect(startOptions(['--port', '9001'], env)).toMatchObject({ port: 9001 })
    expect(startOptions(['--port=9002', '--host=::1'], env)).toMatchObject({ host: '::1', port: 9002 })
  })

  test.each([
    [['--port', 'http'], {}, '--port must be a port between 1 and 65535; it is "http".'],
    [['--port', '70000'], {}, '--port must be a port'],
    [[], { PORT: '0' }, 'PORT must be a port'],
    [[], { OPS_PORT: '-1' }, 'OPS_PORT must be a port'],
    [['9000'], {}, "Unexpected argument '9000'"]
  ])('%j with %j are refused', (args, env, message) => {
    expect(() => startOptions(args, env)).toThrow(message)
  })
})
