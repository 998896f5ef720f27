import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))
const REPORTER = fileURLToPath(new URL('../support/reporter.ts', import.meta.url))

/** Runs vitest on a few files of its own with our reporter; resolves to its exit code and what it printed. */
async function vitest(files: Record<string, string>): Promise<{ code: number | null; lines: string[] }> {
  const dir = await mkdtemp(join(tmpdir(), 'assay-reporter-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  await symlink(MODULES, join(dir, 'node_modules'))
  const config = `import { closingLine } from ${JSON.stringify(REPORTER)}
    export default { test: { include: ['*.ts'], exclude: ['vitest.config.ts'], reporters: ['default', closingLine()] } }`
  for (const [name, text] of Object.entries({ ...files, 'vitest.config.ts': config })) {
    await writeFile(join(dir, name), text)
  }
  const vitest = join(MODULES, 'vitest', 'vitest.mjs')
  const { status, stdout } = spawnSync(process.execPath, [vitest, 'run'], { cwd: dir, encoding: 'utf8' })
  return { code: status, lines: stdout.trimEnd().split('\n') }
}

test('the last line counts the tests, and what was skipped is named above it', async () => {
  const { code, lines } = await vitest({
    'mixed.ts': `import { describe, expect, test } from 'vitest'
      test('holds', () => {})
      test('does not hold', () => expect(1).toBe(2))
      test.skip('waits', () => {})
      describe.skip('a whole suite', () => { test('one', () => {}); test('two', () => {}) })`,
    'broken.ts': `throw new Error('does not load')`
  })
  expect(code).toBe(1)
  expect(lines.at(-1)).toBe('1 passed, 2 failed, 3 skipped')
  expect(lines.filter((line) => line.startsWith('!!'))).toEqual([
    '!! SKIPPED, so not proven by this run:',
    '!!   mixed.ts > waits',
    '!!   mixed.ts > a whole suite'
  ])
})
