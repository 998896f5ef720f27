import { readFile, rm, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { copyVersion } from '../serving/folders.ts'
import { activeOf, changeFile, edit, folderOf, forge, models } from './models-command.ts'
import { TWO_APPROVERS } from './run-command.ts'

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

  test('show in a table who has approved and what active.json names but is not there', async () => {
    const folder = await folderOf({ champion: '1.1.0', previous: '1.0.0', shadow: { version: '1.9.0', share: 0.5 } })
    await models(folder, 'activate', 'credit', '1.1.0', ...TWO_APPROVERS)
    await changeFile(
      folder,
      'credit/1.1.0/manifest.json',
      edit<{ approvals: object[] }>(({ approvals }) => void approvals.pop())
    )
    const { lines } = await models(folder, 'list')
    expect(lines).toHaveLength(5)
    expect(lines[1]).toMatch(/^credit +1\.0\.0 +previous +[0-9a-f]{12} +0\.\d{3} +nobody$/)
    expect(lines[2]).toMatch(/champion .* Ada Obi \(1 of 2\)/)
    expect(lines[3]).toMatch(/1\.9\.0 +shadow 0\.5 .* cannot be read/)
    expect(lines[4]).toMatch(/trained on simulated data$/)
  })

  test.each<[string, string, (text: string) => string, RegExp]>([
    [
      'a golden score of another row',
      'golden.json',
      edit<{ pd: number[] }>(({ pd }) => {
        pd.unshift(...pd.splice(1, 1))
      }),
      /FAILED {2}golden vectors.*golden row 0 scores/
    ],
    [
      'a shifted leaf, which the network does not have',
      'trees.json',
      edit<{ trees: { value: number[] }[] }>(({ trees }) => {
        for (const tree of trees) tree.value = tree.value.map((leaf) => leaf + 0.01)
      }),
      /FAILED {2}trees and network agree: golden row 0/
    ],
    [
      'leaves so large that their sum keeps no millionth',
      'trees.json',
      edit<{ trees: { value: number[] }[] }>(({ trees }) => {
        for (const tree of trees) tree.value = tree.value.map((leaf) => leaf * 1e13)
      }),
      /FAILED {2}contributions add up to the margin: golden row/
    ],
    [
      'a scorecard of what is no feature',
      'scorecard.json',
      edit<{ inputs: { name: string }[] }>(({ inputs: [first] }) => {
        if (first !== undefined) first.name = 'shoe_size'
      }),
      /FAILED {2}scorecard.*does not define shoe_size/
    ],
    [
      'a scorecard that adds up to another margin',
      'scorecard.json',
      edit<{ intercept: number }>((scorecard) => {
        scorecard.intercept += 1e-9
      }),
      /FAILED {2}files.*scorecard\.json: golden row 0 has the margin/
    ]
  ])('find %s, though the hashes are right', async (_what, name, plant, cause) => {
    const folder = await folderOf()
    await forge(folder, name, plant)
    const { lines, exitCode } = await models(folder, 'verify', 'credit', '1.1.0')
    expect(lines.filter((line) => cause.test(line))).toHaveLength(1)
    expect(exitCode).toBe(1)
    expect(await models(folder, 'activate', 'credit', '1.1.0', ...TWO_APPROVERS)).toHaveProperty('refusal')
    expect(await activeOf(folder)).toEqual({ champion: '1.0.0' })
  })

  test('find a flipped bit of the network, and a file that is not there', async () => {
    const folder = await folderOf()
    const network = new URL('credit/1.1.0/model.onnx', folder)
    const bytes = await readFile(network)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
    await writeFile(network, bytes)
    const flipped = await models(folder, 'verify', 'credit', '1.1.0')
    expect(flipped).toMatchObject({
      exitCode: 1,
      lines: [expect.stringMatching(/^FAILED .*model\.onnx: its sha256 is/)]
    })
    await rm(network)
    const gone = await models(folder, 'verify', 'credit', '1.1.0')
    expect(gone).toMatchObject({ exitCode: 1, lines: [expect.stringMatching(/^FAILED .*model\.onnx: it cannot be/)] })
  })

  test('find a reference applicant outside the range of an input', async () => {
    const folder = await folderOf()
    await changeFile(
      folder,
      'credit/1.1.0/manifest.json',
      edit<{ inputs: { range: [number, number]; reference: number }[] }>(({ inputs: [first] }) => {
        if (first !== undefined) first.reference = first.range[1] + 1
      })
    )
    const { lines, exitCode } = await models(folder, 'verify', 'credit', '1.1.0')
    expect(lines.some((line) => /^FAILED .*the reference applicant’s .* lies outside/.test(line))).toBe(true)
    expect(exitCode).toBe(1)
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
