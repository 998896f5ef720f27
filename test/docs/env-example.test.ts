import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ConfigSchema, loadConfig } from '../../src/config.ts'

const TEXT = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')
const entries = [...TEXT.matchAll(/^# (.+)\n(#?)([A-Z_]+)=(.*)$/gm)].map(([, meaning, commented, name, value]) => ({
  meaning,
  isDefault: commented === '#',
  name: name as string,
  value
}))

test('.env.example has every variable of the configuration in its order, with its meaning and default', () => {
  const expected = Object.entries(ConfigSchema.properties).map(([name, schema]) => {
    const { description, default: fallback } = schema as { description?: string; default?: unknown }
    if (fallback !== undefined) return { meaning: description, isDefault: true, name, value: String(fallback) }
    return { meaning: expect.stringContaining(description ?? 'a description'), isDefault: false, name, value: '' }
  })
  expect(entries).toEqual(expected)
  expect(TEXT.match(/^#?[A-Z_]+=/gm), 'nothing beside them').toHaveLength(expected.length)
})

test('.env.example, with the key it asks for, is a configuration, and the same as none', () => {
  const key = { TOKEN_KEY: '0'.repeat(64) }
  const env = Object.fromEntries(entries.map(({ name, value }) => [name, value]))
  expect(loadConfig({ ...env, ...key })).toEqual(loadConfig(key))
})
