import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { buildTestApp } from '../support/app.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const TEXT = readFileSync(`${ROOT}README.md`, 'utf8')

test('README.md leads to every page of docs/', () => {
  const readNext = TEXT.slice(TEXT.indexOf('## Read next'))
  const pages = globSync('docs/*.md', { cwd: ROOT })
  expect(pages.filter((page) => !readNext.includes(`](${page})`))).toEqual([])
})

test('README.md has every command of the command line and no other', () => {
  const help = execFileSync(process.execPath, [`${ROOT}src/cli/main.ts`, '--help'], { encoding: 'utf8' })
  const commands = [...help.matchAll(/^ {2}([a-z-]+) {2}/gm)].map(([, name]) => name)
  const rows = [...TEXT.matchAll(/^\| (`assay [^|]+`) \|/gm)].flatMap(([, names = '']) => names.match(/[a-z-]+/g))
  expect(rows.filter((name) => name !== 'assay').sort()).toEqual(commands.sort())
})

test('README.md has every route of the API', async () => {
  const { app, alpha } = await buildTestApp()
  const { paths } = (await app.inject({ url: '/openapi.json', headers: alpha })).json() as { paths: object }
  const rows = TEXT.slice(TEXT.indexOf('## The API'), TEXT.indexOf('## Configuration'))
  const missing = Object.keys(paths).filter((path) => {
    const last = path.split('/').at(-1)
    return !rows.includes(`${path}\``) && !rows.includes(`…/${last}\``)
  })
  expect(Object.keys(paths).length).toBeGreaterThan(15)
  expect(missing).toEqual([])
})
