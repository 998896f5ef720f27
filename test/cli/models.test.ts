import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { activeOf, changeFile, FRAUD, folderOf, historyOf, models, read } from './models-command.ts'
import { TWO_APPROVERS } from './run-command.ts'

describe('models activate', () => {
  test('lets a model serve that two people approved, and notes who and what came before', async () => {
    const folder = await folderOf()
    expect(await models(folder, 'activate', 'credit', '1.1.0', ...TWO_APPROVERS)).toMatchObject({
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
    ['one person twice', ['--approver', 'Ada Obi', '--approver', ' ada  OBI ']],
    ['one person with a sign that nobody sees', ['--approver', 'Ada Obi', '--approver', 'Ada\u200b Obi']],
    ['one person in wide letters', ['--approver', 'Ada Obi', '--approver', 'Ａｄａ Ｏｂｉ']]
  ])('refuses a model that %s approved', async (_who, approvers) => {
    const folder = await folderOf()
    const { refusal } = await models(folder, 'activate', 'credit', '1.1.0', ...approvers)
    expect(refusal).toMatch(/and 2 people must: name them with --approver/)
    expect(await activeOf(folder)).toEqual({ champion: '1.0.0' })
  })

  test('remembers who approved, until the model is another one', async () => {
    const folder = await folderOf()
    await models(folder, 'activate', 'credit', '1.1.0', ...TWO_APPROVERS)
    await models(folder, 'rollback', 'credit')
    expect(await models(folder, 'activate', 'credit', '1.1.0')).not.toHaveProperty('refusal')
    await models(folder, 'rollback', 'credit')
    await changeFile(folder, 'credit/1.1.0/manifest.json', (text) => text.replace('"baseOdds": 50', '"baseOdds": 49'))
    expect((await models(folder, 'activate', 'credit', '1.1.0')).refusal).toMatch(/nobody has approved it/)
  })

  test('an approval is of the file with empty approvals, as the command writes it', async () => {
    const folder = await folderOf()
    await models(folder, 'activate', 'credit', '1.1.0', ...TWO_APPROVERS)
    const text = await readFile(new URL('credit/1.1.0/manifest.json', folder), 'utf8')
    expect(text.endsWith('\n}\n')).toBe(true)
    const { approvals } = JSON.parse(text)
    const bare = text.replace(/"approvals": \[[^\]]*\]/, '"approvals": []')
    const sha256 = createHash('sha256').update(bare).digest('hex')
    expect(approvals).toMatchObject([
      { approver: 'Ada Obi', manifestSha256: sha256 },
      { approver: 'Ben Wu', manifestSha256: sha256 }
    ])
    expect((await readdir(new URL('credit/1.1.0/', folder))).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('keeps a first approval until the second person gives theirs', async () => {
    const folder = await folderOf()
    expect((await models(folder, 'activate', 'credit', '1.1.0', '--approver', 'Ada Obi')).refusal).toMatch(
      /only Ada Obi has approved it/
    )
    const again = await models(folder, 'activate', 'credit', '1.1.0', '--approver', 'ada obi')
    expect(again.refusal).toMatch(/only Ada Obi has approved it/)
    expect(await models(folder, 'activate', 'credit', '1.1.0', '--approver', 'Ben Wu')).toMatchObject({
      lines: ['credit 1.1.0 serves instead of 1.0.0, approved by Ada Obi, Ben Wu']
    })
  })

  test('leaves the manifest alone when it has all approvals', async () => {
    const folder = await folderOf()
    await models(folder, 'challenge', '1.1.0', '--share', '0.05', ...TWO_APPROVERS)
    await changeFile(folder, 'credit/1.1.0/manifest.json', (text) => JSON.stringify(JSON.parse(text)))
    const before = await readFile(new URL('credit/1.1.0/manifest.json', folder), 'utf8')
    expect((await models(folder, 'activate', 'credit', '1.1.0')).lines).toHaveLength(1)
    expect(await readFile(new URL('credit/1.1.0/manifest.json', folder), 'utf8')).toBe(before)
  })

  test('counts who approved it as a challenger', async () => {
    const folder = await folderOf()
    await models(folder, 'challenge', 'credit', '1.1.0', '--share', '0.05', ...TWO_APPROVERS)
    const { lines } = await models(folder, 'activate', 'credit', '1.1.0', '--approver', 'ben wu')
    expect(lines).toEqual(['credit 1.1.0 serves instead of 1.0.0, approved by Ada Obi, Ben Wu'])
    expect(await activeOf(folder)).toEqual({ champion: '1.1.0', previous: '1.0.0' })
    expect(await historyOf(folder)).toMatchObject([
      { at: expect.stringMatching(/^2.*Z$/), action: 'challenge', from: null, to: '1.1.0', share: 0.05 },
      { action: 'activate', from: '1.0.0', to: '1.1.0', approvers: ['Ada Obi', 'Ben Wu'] }
    ])
  })

  test('records approvals of what serves already, as shipped models have none', async () => {
    const folder = await folderOf({ champion: '1.1.0', previous: '1.0.0' })
    expect((await models(folder, 'activate', 'credit', '1.1.0')).lines).toEqual(['credit 1.1.0 is what serves already'])
    expect((await models(folder, 'activate', 'credit', '1.1.0', '--approver', 'Ada Obi')).refusal).toMatch(
      /only Ada Obi has approved it, and 2 people must/
    )
    expect((await models(folder, 'activate', 'credit', '1.1.0', ...TWO_APPROVERS)).lines).toEqual([
      'credit 1.1.0 is what serves already, approved by Ada Obi, Ben Wu'
    ])
    expect(await activeOf(folder)).toEqual({ champion: '1.1.0', previous: '1.0.0' })
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
    const { refusal } = await models(folder, 'activate', 'credit', '1.1.0', ...TWO_APPROVERS)
    expect(refusal).toMatch(cause)
    expect(await activeOf(folder)).toEqual({ champion: '1.0.0' })
  })

  test('says when the version serves already, and ends what ran beside under its name', async () => {
    const folder = await folderOf({ champion: '1.0.0', challenger: { version: '1.1.0', share: 0.1 } })
    await models(folder, 'activate', 'credit', '1.1.0', ...TWO_APPROVERS)
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

  test('is refused when the version before no longer holds, and nothing changes', async () => {
    const folder = await folderOf({ champion: '1.0.0', previous: '1.1.0' })
    await changeFile(folder, 'credit/1.1.0/manifest.json', (text) => text.replace('-3650', '-3651'))
    expect((await models(folder, 'rollback', 'credit')).refusal).toMatch(/credit 1\.1\.0 does not hold/)
    expect(await activeOf(folder)).toEqual({ champion: '1.0.0', previous: '1.1.0' })
    await expect(historyOf(folder)).rejects.toThrow('ENOENT')
  })

  test('is refused when nothing served before', async () => {
    expect((await models(await folderOf(), 'rollback', 'credit')).refusal).toMatch(/nothing served credit before/)
  })
})

describe('beside the champion', () => {
  test('a challenger needs two approvers and a share; a shadow needs none, for it decides nothing', async () => {
    const folder = await folderOf()
    expect((await models(folder, 'challenge', '1.1.0', '--share', '0.05')).refusal).toMatch(/nobody has approved it/)
    await models(folder, 'challenge', '1.1.0', '--share', '0.05', ...TWO_APPROVERS)
    expect(await activeOf(folder)).toEqual({ champion: '1.0.0', challenger: { version: '1.1.0', share: 0.05 } })
    await models(folder, 'challenge', '--off')
    await models(folder, 'shadow', '1.1.0', '--share', '1')
    expect(await activeOf(folder)).toEqual({ champion: '1.0.0', shadow: { version: '1.1.0', share: 1 } })
    await models(folder, 'shadow', '--off')
    expect(await activeOf(folder)).toEqual({ champion: '1.0.0' })
    expect(await historyOf(folder)).toHaveLength(4)
    expect((await models(folder, 'shadow', 'credit', '--off')).lines).toEqual(['credit had no shadow'])
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
