import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { loadPolicy } from '../../src/policy/load.ts'
import { findRepeatedMembers } from '../../src/policy/repeated-members.ts'
import { parseRulePack } from '../../src/policy/rule-pack-load.ts'
import { BASELINE, NAMES } from './applying.ts'

const CHINA = new URL('../../policies/rule-packs/cn-internet-microloan.json', import.meta.url)

test('what JSON writes repeats nothing, whatever stands in its names and texts', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, space) => {
      expect(findRepeatedMembers(JSON.stringify(value, null, space))).toEqual([])
    })
  )
})

test('a member that stands twice is found wherever it is, also where its name is written in another way', () => {
  const name = fc.string({ minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(name, fc.jsonValue(), fc.jsonValue(), fc.nat(4), (repeated, first, second, index) => {
      const escaped =
        [...JSON.stringify(repeated).slice(1, -1)].length === repeated.length ? unicode(repeated) : repeated
      const object = `{"#":1, ${JSON.stringify(repeated)}: ${JSON.stringify(first)}, ${quoted(escaped)}: ${JSON.stringify(second)}}`
      const list = `[${'0, '.repeat(index)}${object}]`
      const pointer = repeated.replaceAll('~', '~0').replaceAll('/', '~1')
      expect(findRepeatedMembers(`{"a/b": ${list}}`)).toContain(`/a~1b/${index}/${pointer}`)
    })
  )
})

test('a policy and a rule pack that say something twice are refused with file, path and reason', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'assay-twice-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = pathToFileURL(join(folder, 'policy.json'))
  await writeFile(file, (await readFile(BASELINE, 'utf8')).replace('"rateCap"', '"rateCap": 0.1, "rateCap"'))
  await expect(loadPolicy(file, NAMES)).rejects.toMatchObject({
    message: expect.stringContaining(file.pathname),
    problems: [{ field: '/rateCap', problem: 'stands twice in its object' }]
  })
  const pack = (await readFile(CHINA, 'utf8')).replace('"mostMinor": 20000000', '"mostMinor": 1, "mostMinor": 20000000')
  expect(() => parseRulePack(Buffer.from(pack), 'cn.json')).toThrowError(
    expect.objectContaining({
      message: 'cn.json',
      problems: [{ field: '/rules/3/mostMinor', problem: 'stands twice in its object' }]
    })
  )
})

function unicode(text: string): string {
  return Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
    ''
  )
}

function quoted(text: string): string {
  return text.startsWith('\\u') ? `"${text}"` : JSON.stringify(text)
}
