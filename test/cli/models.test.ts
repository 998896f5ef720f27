import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../src/cli/command.ts'
import { modelsCommand } from '../../src/cli/models.ts'
import { describeError } from '../../src/errors.ts'
import { copyVersion, modelsFolder } from '../serving/folders.ts'
import { readLines } from './run-command.ts'

const FRAUD = { champion: '1.0.0' }
const TWO = ['--approver', 'Ada Obi', '--approver', 'Ben Wu']

async function folderOf(credit: object = { champion: '1.0.0' }): Promise<URL> {
  return modelsFolder({ credit, fraud: FRAUD })
}

/** What the command prints; its refusal where it refuses; its exit code beside. */
async function models(
  folder: URL,
  ...args: string[]
): Promise<{ lines: string[]; exitCode: number; refusal?: string }> {
  const lines: string[] = []
  const before = process.exitCode
  process.exitCode = 0
  try {
    await modelsCommand.run({
      ...parseCommandLine(modelsCommand, [...args, '--models', fileURLToPath(folder)]),
      env: {},
      print: (line) => void lines.push(line),
      progress: () => {}
    })
    return { lines, exitCode: Number(process.exitCode) }
  } catch (error) {
    return { lines, exitCode: 1, refusal: describeError(error) }
  } finally {
    process.exitCode = before
  }
}

const read = async (folder: URL, name: string) => JSON.parse(await readFile(new URL(name, folder), 'utf8'))
const activeOf = async (folder: URL) => (await read(folder, 'active.json')).credit
const historyOf = (folder: URL) => readLines<object>(fileURLToPath(new URL('history.ndjson', folder)))

async function changeFile(folder: URL, name: string, change: (text: string) => string): Promise<void> {
  const file = new URL(name, folder)
  const before = await readFile(file, 'utf8')
  const after = change(before)
  expect(after).not.toBe(before)
  await writeFile(file, after)
}

describe('models activate', () => {
  test('lets a model serve that two people approved, and notes who and what came before', async () => {
    const folder = await folderOf()
    expect(await models(folder, 'activate', 'credit', '1.1.0', ...TWO)).toMatchObject({
      lines: ['credit 1.1.0 serves instead of 1.0.0, approved by Ada Obi, Ben Wu']
    })
    expect(await activeOf(folder)).toEqual({ champion: '1.1.0', previous: '1.0.0' })
    const to = { action: 'activate', role: 'credit', from: '1.0.0', to: '1.1.0', approvers: ['Ada Obi', 'Ben Wu'] }
    expect(await historyOf(folder)).toMatchObject([to])
    expect(await read(folder, 'active.json')).toMatchObject({ fraud: FRAUD })
  })

  test.each([
    ['nobody', []],
    ['one person', ['--approver', 'Ada Obi']],
    ['one person twice', ['--approver', 'Ada Obi', '--approver', ' ada  OBI ']]
  ])('refuses a model that %s approved', async (_who, approvers) => {
    const folder = await folderOf()
    const { refusal } = await models(folder, 'activate', 'credit', '1.1.0', ...approvers)
    expect(refusal).toMatch(/and 2 people must: name them with --approver/)
    expect(await activeOf(folder)).toEqual({ champion: '1.0.0' })
    expect((await read(folder, 'credit/1.1.0/manifest.json')).approvals).toEqual([])
  })

  test('remembers who approved, until the model is another one', async () => {
    const folder = await folderOf()
    await models(folder, 'activate', 'credit', '1.1.0', ...TWO)
    await models(folder, 'rollback', 'credit')
    expect(await models(folder, 'activate', 'credit', '1.1.0')).not.toHaveProperty('refusal')
    await models(folder, 'rollback', 'credit')
    await changeFile(folder, 'credit/1.1.0/manifest.json', (text) => text.replace('"baseOdds": 50', '"baseOdds": 49'))
    expect((await models(folder, 'activate', 'credit', '1.1.0')).refusal).toMatch(/nobody has approved it/)
  })

  test.each<[string, string, (text: string) => string, RegExp]>([
    ['with a flipped bit in its trees', 'trees.json', (text) => text.replace('0.', '1.'), /trees\.json: its sha256 is/],
    [
      'with another range than its feature',
      'manifest.json',
      (text) => text.replace('-3650', '-3651'),
      /has the range -3651.*the catalogue says -3650/s
    ],
    ['whose inputs are swapped', 'manifest.json', swapInputs, /golden|inputs are features|reference/]
  ])('refuses a model %s', async (_what, name, plant, cause) => {
    const folder = await folderOf()
    await changeFile(folder, `credit/1.1.0/${name}`, plant)
    const { refusal } = await models(folder, 'activate', 'credit', '1.1.0', ...TWO)
    expect(refusal).toMatch(cause)
    expect(await activeOf(folder)).toEqual({ champion: '1.0.0' })
  })

  test('says when the version serves already, and ends what ran beside under its name', async () => {
    const folder = await folderOf({ champion: '1.0.0', challenger: { version: '1.1.0', share: 0.1 } })
    await models(folder, 'activate', 'credit', '1.1.0', ...TWO)
    expect(await activeOf(folder)).toEqual({ champion: '1.1.0', previous: '1.0.0' })
    expect((await models(folder, 'activate', 'credit', '1.1.0')).lines).toEqual(['credit 1.1.0 is what serves already'])
  })
})

/** Names two inputs the other way round, everything else left in place. */
function swapInputs(text: string): string {
  const manifest = JSON.parse(text)
  const [first, , , , , sixth] = manifest.inputs
  ;[first.name, sixth.name] = [sixth.name, first.name]
  return JSON.stringify(manifest)
}

describe('models rollback', () => {
  test('goes back to the version before, and forth again', async () => {
    const folder = await folderOf({ champion: '1.1.0', previous: '1.0.0' })
    expect((await models(folder, 'rollback', 'credit')).lines).toEqual(['credit 1.0.0 serves again instead of 1.1.0'])
    expect(await activeOf(folder)).toEqual({ champion: '1.0.0', previous: '1.1.0' })
  })

  test('is refused when nothing served before', async () => {
    expect((await models(await folderOf(), 'rollback', 'credit')).refusal).toMatch(/nothing served credit before/)
  })
})

describe('beside the champion', () => {
  test('a challenger needs two approvers and a share; a shadow needs none, for it decides nothing', async () => {
    const folder = await folderOf()
    expect((await models(folder, 'challenge', '1.1.0', '--share', '0.05')).refusal).toMatch(/nobody has approved it/)
    await models(folder, 'challenge', '1.1.0', '--share', '0.05', ...TWO)
    expect(await activeOf(folder)).toEqual({ champion: '1.0.0', challenger: { version: '1.1.0', share: 0.05 } })
    await models(folder, 'challenge', '--off')
    await models(folder, 'shadow', '1.1.0', '--share', '1')
    expect(await activeOf(folder)).toEqual({ champion: '1.0.0', shadow: { version: '1.1.0', share: 1 } })
    await models(folder, 'shadow', '--off')
    expect(await activeOf(folder)).toEqual({ champion: '1.0.0' })
    expect(await historyOf(folder)).toHaveLength(4)
  })

  test.each([
    ['--share takes a number', ['shadow', '1.1.0', '--share', '0']],
    ['--share takes a number', ['shadow', '1.1.0', '--share', 'half']],
    ['is the champion itself', ['shadow', '1.0.0', '--share', '1']],
    ['is no version', ['shadow', '../x', '--share', '1']],
    ['is no role', ['activate', 'credits', '1.0.0']],
    ['say list, verify', ['delete', 'credit', '1.0.0']]
  ])('is told what is wrong: %s', async (cause, args) => {
    expect((await models(await folderOf(), ...args)).refusal).toContain(cause)
  })
})

describe('models list and verify', () => {
  test('show every version with what it serves as, who approved it and its notice', async () => {
    const folder = await folderOf({ champion: '1.1.0', previous: '1.0.0' })
    await copyVersion(folder, '1.1.0', '1.2.0')
    const [line] = (await models(folder, 'list', '--json')).lines
    expect(JSON.parse(line as string)).toMatchObject([
      { role: 'credit', version: '1.0.0', serves: 'previous', isApproved: false, problem: null },
      { role: 'credit', version: '1.1.0', serves: 'champion', approvers: [] },
      { role: 'credit', version: '1.2.0', serves: '-' },
      { role: 'fraud', version: '1.0.0', serves: 'champion', notice: 'trained on simulated data' }
    ])
  })

  test('name the check that a planted fault fails, with exit code 1', async () => {
    const folder = await folderOf()
    expect(await models(folder, 'verify', 'credit', '1.1.0')).toMatchObject({ exitCode: 0 })
    await changeFile(folder, 'credit/1.1.0/manifest.json', (text) => text.replace('-3650', '-3651'))
    const { lines, exitCode } = await models(folder, 'verify', 'credit', '1.1.0')
    expect(lines.filter((line) => line.startsWith('FAILED'))).toHaveLength(1)
    expect(exitCode).toBe(1)
  })
})
