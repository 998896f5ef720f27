import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { changeActive, isPolicyFile, readActive } from '../../src/cli/policy-folder.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { createShadowLog } from '../../src/serving/redis-shadow-log.ts'
import { policiesFolderOf, policyText, SHIPPED } from '../serving/policy-folders.ts'
import { connectRedis, sharedRedisUrl, uniquePrefix } from '../support/redis.ts'
import { activeOf, historyOf, policy } from './policy-command.ts'
import { TWO_APPROVERS, workFolder } from './run-command.ts'

const entry = (name: string) => ({ policy: name, approvals: [] })
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('policy check', () => {
  test('says of every shipped policy that it holds', async () => {
    const names = (await readdir(SHIPPED)).filter((name) => isPolicyFile(name))
    const { lines, exitCode } = await policy(SHIPPED, ['check', ...names.map((name) => name.slice(0, -5))])
    expect([lines.length, lines.every((line) => line.startsWith('ok ')), exitCode]).toEqual([names.length, true, 0])
  })

  test.each<[string, string, string]>([
    ['half a file', '{ "version": "x"', '/: it cannot be read as JSON'],
    [
      'a band that cannot be reached',
      policyText('bad', ({ bands }) => void Object.assign(bands[1] as object, { pdBelow: 0.05 })),
      '/bands/1/pdBelow: band B can never be reached'
    ],
    [
      'a gap above the bands',
      policyText('bad', ({ bands }) => void bands.pop()),
      '/bands/3/pdBelow: the last band must reach 1'
    ],
    [
      'an unknown feature',
      policyText('bad', ({ velocity }) => void Object.assign(velocity[0] as object, { feature: 'moon.phase' })),
      '/velocity/0/feature: the catalogue has no feature moon.phase'
    ],
    ['an unknown field', policyText('bad', (all) => void Object.assign(all, { mood: 1 })), '/mood'],
    ['a wrong type', policyText('bad', (all) => void Object.assign(all, { offerValidDays: '7' })), '/offerValidDays']
  ])('refuses %s with file, path and reason', async (_what, text, reason) => {
    const folder = await policiesFolderOf({ bad: text })
    const { lines, exitCode } = await policy(folder, ['check', 'one', 'bad'])
    expect(exitCode).toBe(1)
    expect(lines[0]).toMatch(/^ok /)
    expect(lines.slice(1).join('\n')).toContain(`FAILED  ${fileURLToPath(folder)}bad.json: ${reason}`)
    const { lines: asJson } = await policy(folder, ['check', 'bad', '--json'])
    expect(JSON.parse(asJson[0] ?? '')).toMatchObject({ id: null, problems: [{ field: expect.any(String) }] })
  })

  test('says every problem of a file, not the first one only', async () => {
    const bad = policyText('bad', ({ bands, velocity }) => {
      bands.pop()
      Object.assign(velocity[0] as object, { feature: 'moon.phase' })
    })
    expect((await policy(await policiesFolderOf({ bad }), ['check', 'bad'])).lines).toHaveLength(2)
  })
})

describe('policy diff', () => {
  test('names what differs by its path, elements by their name', async () => {
    const two = policyText('two', (all) => {
      Object.assign(all.bands[2] as object, { nominalRate: 0.2 })
      all.velocity.shift()
      all.prohibitedPurposes.push('gambling' as never)
    })
    const { lines, exitCode } = await policy(await policiesFolderOf({ two }), ['diff', 'one', 'two'])
    expect(exitCode).toBe(0)
    expect(lines).toEqual([
      '  /version: "one" → "two"',
      '+ /prohibitedPurposes/"gambling": "gambling"',
      '- /velocity/device.applicants_30d: {"feature":"device.applicants_30d","above":5,"action":"DECLINE"}',
      '  /bands/C/nominalRate: 0.21 → 0.2'
    ])
  })

  test('tells rows that changed places, for the first that hits decides', async () => {
    const one = JSON.stringify({ table: [{ id: 'a' }, { id: 'b' }] })
    const two = JSON.stringify({ table: [{ id: 'b' }, { id: 'a' }] })
    const { lines } = await policy(await policiesFolderOf({ one, two }), ['diff', 'one', 'two'])
    expect(lines).toEqual(['  /table (order): ["a","b"] → ["b","a"]'])
    expect((await policy(await policiesFolderOf({ one }), ['diff', 'one', 'one'])).lines).toEqual([
      'the two say the same'
    ])
  })
})

describe('policy activate', () => {
  test('lets a policy decide that two people approved, with the hash of what they approved, and notes it', async () => {
    const folder = await policiesFolderOf()
    const { lines } = await policy(folder, ['activate', 'two', ...TWO_APPROVERS])
    expect(lines).toEqual([
      expect.stringMatching(/^two@sha256:\w{12} decides instead of one@.*approved by Ada Obi, Ben Wu$/)
    ])
    const { active, previous } = await activeOf(folder)
    expect(active.approvals).toMatchObject(
      ['Ada Obi', 'Ben Wu'].map((approver) => ({ approver, sha256: sha256(policyText('two')) }))
    )
    expect(previous).toEqual(entry('one'))
    expect(await historyOf(folder)).toMatchObject([{ action: 'activate', approvals: active.approvals }])
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test.each([
    ['nobody', []],
    ['one person', ['--approver', 'Ada Obi']],
    ['one person twice', ['--approver', 'Ada Obi', '--approver', ' ada  OBI ']],
    ['one person in wide letters', ['--approver', 'Ada Obi', '--approver', 'Ａｄａ Ｏｂｉ']]
  ])('refuses a policy that %s approved', async (_who, approvers) => {
    const folder = await policiesFolderOf()
    expect((await policy(folder, ['activate', 'two', ...approvers])).refusal).toMatch(
      /2 different people must approve two@|^two@\S+ waits for the approval of a second person; only Ada Obi has so far$/
    )
    expect((await activeOf(folder)).active).toEqual(entry('one'))
  })

  test('keeps a first approval until the second person gives theirs, of the same bytes', async () => {
    const folder = await policiesFolderOf()
    expect((await policy(folder, ['activate', 'two', '--approver', 'Ada Obi'])).refusal).toMatch(
      /only Ada Obi has so far/
    )
    expect(await activeOf(folder)).toMatchObject({
      active: entry('one'),
      candidate: { approvals: [{ approver: 'Ada Obi' }] }
    })
    expect((await policy(folder, ['activate', 'two', '--approver', 'ADA obi'])).refusal).toMatch(
      /only Ada Obi has so far/
    )
    await writeFile(new URL('two.json', folder), `${policyText('two')}\n`)
    expect((await policy(folder, ['activate', 'two', '--approver', 'Ben Wu'])).refusal).toMatch(
      /only Ben Wu has so far/
    )
    const { lines } = await policy(folder, ['activate', 'two', '--approver', 'Ada Obi'])
    expect(lines).toEqual([expect.stringMatching(/approved by Ben Wu, Ada Obi$/)])
    expect(await activeOf(folder)).not.toHaveProperty('candidate')
    expect(await historyOf(folder)).toMatchObject(
      ['approve', 'approve', 'approve', 'activate'].map((action) => ({ action }))
    )
  })

  test('refuses an invalid file, and nothing changes', async () => {
    const folder = await policiesFolderOf({ bad: policyText('bad', ({ bands }) => void bands.pop()) })
    expect((await policy(folder, ['activate', 'bad', ...TWO_APPROVERS])).refusal).toMatch(
      /bad\.json\n {2}\/bands\/3\/pdBelow/
    )
    expect(await activeOf(folder)).toEqual({ active: entry('one') })
    await expect(historyOf(folder)).rejects.toThrow('ENOENT')
  })

  test('brings a file from elsewhere in under its version, and never over another policy of that version', async () => {
    const folder = await policiesFolderOf()
    const file = join(await workFolder(), 'my candidate.json')
    await writeFile(file, policyText('cash-8'))
    expect(await policy(folder, ['activate', file, ...TWO_APPROVERS])).not.toHaveProperty('refusal')
    expect((await activeOf(folder)).active.policy).toBe('cash-8')
    expect(await readFile(new URL('cash-8.json', folder), 'utf8')).toBe(policyText('cash-8'))
    await writeFile(file, `${policyText('cash-8')}\n`)
    expect((await policy(folder, ['activate', file, ...TWO_APPROVERS])).refusal).toMatch(
      /another policy of that version/
    )
    expect(await readFile(new URL('cash-8.json', folder), 'utf8')).toBe(policyText('cash-8'))
  })

  test('of what decides already renews the approvals and keeps where a rollback goes', async () => {
    const folder = await policiesFolderOf()
    await policy(folder, ['activate', 'two', ...TWO_APPROVERS])
    await policy(folder, ['activate', 'two', '--approver', 'Cleo Di', '--approver', 'Ben Wu'])
    expect(await activeOf(folder)).toMatchObject({
      active: { approvals: [{ approver: 'Cleo Di' }, {}] },
      previous: entry('one')
    })
  })

  test('ends a shadow of the same policy', async () => {
    const folder = await policiesFolderOf()
    await policy(folder, ['shadow', 'two', '--share', '1'])
    await policy(folder, ['activate', 'two', ...TWO_APPROVERS])
    expect(await activeOf(folder)).not.toHaveProperty('shadow')
  })

  test('replaces an active file that is broken', async () => {
    const folder = await policiesFolderOf({ one: '{' })
    expect((await policy(folder, ['activate', 'two', ...TWO_APPROVERS])).lines).toEqual([
      expect.stringContaining('instead of one, approved by')
    ])
  })

  test('gives way to somebody who changed active.json meanwhile', async () => {
    const folder = await policiesFolderOf()
    const before = await readActive(folder)
    await policy(folder, ['shadow', 'two', '--share', '1'])
    const change = { at: '', action: 'shadow', from: null, to: null } as const
    await expect(changeActive(folder, before, before.file, change)).rejects.toThrow(/somebody changed it meanwhile/)
    expect(await activeOf(folder)).toHaveProperty('shadow')
  })
})

describe('policy rollback', () => {
  test('goes back to the policy before, and forth again with its approvals', async () => {
    const folder = await policiesFolderOf()
    await policy(folder, ['activate', 'two', ...TWO_APPROVERS])
    const { active } = await activeOf(folder)
    expect((await policy(folder, ['rollback'])).lines).toEqual([
      expect.stringMatching(/^one@.* decides again instead of two@/)
    ])
    expect(await activeOf(folder)).toEqual({ active: entry('one'), previous: active })
    await policy(folder, ['rollback'])
    expect(await activeOf(folder)).toEqual({ active, previous: entry('one') })
  })

  test('is refused when what was approved was edited since, and when nothing decided before', async () => {
    const folder = await policiesFolderOf()
    expect((await policy(folder, ['rollback'])).refusal).toMatch(/no policy decided before/)
    await policy(folder, ['activate', 'two', ...TWO_APPROVERS])
    await policy(folder, ['rollback'])
    await writeFile(new URL('two.json', folder), `${policyText('two')}\n`)
    expect((await policy(folder, ['rollback'])).refusal).toMatch(/these bytes are not what 2 people approved/)
    expect((await activeOf(folder)).active).toEqual(entry('one'))
  })
})

describe('policy shadow', () => {
  test('begins and ends, needs no approver, and is never what decides', async () => {
    const folder = await policiesFolderOf()
    await policy(folder, ['shadow', 'two', '--share', '0.5'])
    expect((await activeOf(folder)).shadow).toEqual({ policy: 'two', share: 0.5 })
    expect((await policy(folder, ['list'])).lines).toEqual([
      expect.stringMatching(/^one +active +one@sha256:\w+ +nobody$/),
      expect.stringMatching(/^two +shadow 0\.5 +two@sha256:\w+ +nobody$/)
    ])
    expect((await policy(folder, ['shadow', '--off'])).lines).toEqual(['there is no shadow'])
    expect(await activeOf(folder)).not.toHaveProperty('shadow')
    expect((await policy(folder, ['shadow', '--off'])).lines).toEqual(['there was no shadow'])
    expect((await policy(folder, ['shadow', 'one', '--share', '1'])).refusal).toMatch(/one is what decides/)
  })

  test('reports who would change sides, by candidate', async () => {
    const redis = await connectRedis()
    const prefix = uniquePrefix('policy-report')
    const log = createShadowLog({ redis, key: createKeys(prefix).policyShadow(), onLost: () => {} })
    const terms = { limitMinor: 100, amountMinor: 100, marginMinor: 5 }
    const nothing = { limitMinor: 0, amountMinor: 0, marginMinor: 0 }
    const base = { decisionId: 'd', product: 'cash', earlierLoans: 'none', currency: 'NGN' }
    log.add({
      ...base,
      policy: 'two@sha256:0',
      decided: 'APPROVE',
      shadow: 'DECLINE',
      decidedTerms: terms,
      shadowTerms: nothing
    })
    log.add({
      ...base,
      policy: 'three@sha256:0',
      decided: 'APPROVE',
      shadow: 'APPROVE',
      decidedTerms: terms,
      shadowTerms: terms
    })
    await log.close()
    const env = { REDIS_URL: sharedRedisUrl(), REDIS_PREFIX: prefix }
    const { lines } = await policy(SHIPPED, ['shadow', '--report', 'two'], env)
    expect(lines.join('\n')).toContain(
      '1 decisions, approval 100.0 % → 0.0 %, approved only by the candidate 0, no longer approved 1'
    )
    expect(lines.join('\n')).toContain('NGN, minor units: expected margin 5 → 0 (-5)')
    const all = JSON.parse((await policy(SHIPPED, ['shadow', '--report', '--json'], env)).lines[0] ?? '')
    expect(all).toMatchObject([{ policy: 'two@sha256:0' }, { policy: 'three@sha256:0' }])
  })

  test.each([
    ['--share takes a number', ['shadow', 'two', '--share', '0']],
    ['name a policy file', ['activate']],
    ['say list, check, diff', ['delete', 'one']],
    ['policy rollback takes no two', ['rollback', 'two']],
    ['policy rollback takes no --approver', ['rollback', ...TWO_APPROVERS]],
    ['policy activate takes no one', ['activate', 'two', 'one', ...TWO_APPROVERS]],
    ['/nowhere/x.json: /: it cannot be read', ['check', '/nowhere/x.json']]
  ])('is told what is wrong: %s', async (cause, args) => {
    const { refusal, lines } = await policy(await policiesFolderOf(), args)
    expect(refusal ?? lines.join('\n')).toContain(cause)
  })
})
