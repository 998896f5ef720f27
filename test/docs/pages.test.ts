import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { SCENARIOS } from '../../load-tests/scenarios/catalogue.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const PAGES = globSync('**/*.md', { cwd: ROOT, exclude: ['node_modules/**', '.*/**', 'models/training/venv/**'] })
const SCRIPTS = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts)

/** As GitHub makes them of headings. */
const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
  )

function brokenLinks(page: string): string[] {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      if (!existsSync(join(ROOT, target))) return true
      return anchor !== undefined && !anchorsOf(read(target)).includes(anchor)
    })
}

/** `npm run NAME` and `node run.mjs run FILE` of it that lead nowhere. */
function brokenCommands(page: string): string[] {
  const text = read(page)
  const scripts = [...text.matchAll(/npm run ([a-z][a-z:]*)/g)].filter(([, name = '']) => !SCRIPTS.includes(name))
  const programs = [...text.matchAll(/node run\.mjs run ([\w./-]+)/g)].filter(
    ([, file = '']) => !existsSync(join(ROOT, file))
  )
  return [...scripts, ...programs].map(([command]) => command)
}

test('every link of every page leads to a file, and to a heading where it names one', () => {
  expect(PAGES.length).toBeGreaterThan(30)
  expect(PAGES.flatMap((page) => brokenLinks(page).map((link) => `${page}: ${link}`))).toEqual([])
})

test('every command of package.json and every program that a page names is there', () => {
  expect(PAGES.flatMap((page) => brokenCommands(page).map((command) => `${page}: ${command}`))).toEqual([])
})

test('load-tests/README.md has every load test, every bench and every scenario', () => {
  const text = read('load-tests/README.md')
  const commands = SCRIPTS.filter((name) => /^(load|bench|numbers|simulate)(:|$)/.test(name))
  expect(commands.filter((name) => !text.includes(`npm run ${name}`))).toEqual([])
  expect(SCENARIOS.filter(({ name }) => !text.includes(`\`${name}\``)).map(({ name }) => name)).toEqual([])
})
