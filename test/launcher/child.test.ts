import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { launchNode } from '../../launcher/child.mjs'

test('a process gets the options of its Node before its entry, and its own arguments behind it', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'assay-child-'))
  onTestFinished(() => rm(cwd, { recursive: true }))
  const [entry, log] = [join(cwd, 'entry.mjs'), join(cwd, 'log')]
  await writeFile(entry, 'console.log(JSON.stringify([process.execArgv, process.argv.slice(2)])); process.disconnect()')
  const nodeArgs = ['--single-threaded-gc']
  const child = launchNode({ node: process.execPath, nodeArgs, entry, args: ['one'], cwd, env: {}, log })
  expect(await child.exited).toEqual({ code: 0, signal: null })
  expect(JSON.parse(await readFile(log, 'utf8'))).toEqual([nodeArgs, ['one']])
})
