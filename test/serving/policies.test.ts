import { rm, writeFile } from 'node:fs/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { loadActivePolicies, loadPoliciesAtStart } from '../../src/serving/active-policy.ts'
import type { OpenLineup } from '../../src/serving/lineup.ts'
import { openPolicies } from '../../src/serving/policies-in-force.ts'
import { createRulesInForce } from '../../src/serving/rules-in-force.ts'
import { approved, policiesFolderOf, policyText, setActivePolicies } from './policy-folders.ts'

const READ = { featureNames: CATALOGUE.map(({ name }) => name) }
const throwIt = (error: unknown) => {
  throw error
}
const versionOf = ({ active }: { active: { id: string } }) => active.id.split('@')[0]
const entry = (policy: string) => ({ policy, approvals: [] })
const SHA = 'ab'.repeat(32)

describe('the policies that active.json names', () => {
  test('are read with their shares, once two people have approved the very bytes', async () => {
    const folder = await policiesFolderOf()
    await setActivePolicies(folder, { active: await approved(folder, 'two'), shadow: { policy: 'one', share: 0.5 } })
    const { active, shadow } = await loadActivePolicies(folder, READ, throwIt)
    expect(active.id).toMatch(/^two@sha256:[0-9a-f]{12}$/)
    expect(shadow).toMatchObject({ share: 0.5, loaded: { id: expect.stringMatching(/^one@/) } })
  })

  test.each<[string, string[]]>([
    ['one person twice', ['Ada Obi', ' ada  OBI']],
    ['one person', ['Ada Obi']]
  ])('are refused when %s approved', async (_who, people) => {
    const folder = await policiesFolderOf()
    await setActivePolicies(folder, { active: await approved(folder, 'two', people) })
    await expect(loadActivePolicies(folder, READ, throwIt)).rejects.toThrow(/two\.json: these bytes are not what 2/)
  })

  test('are refused when a byte of an approved file changed, even where it still is a policy', async () => {
    const folder = await policiesFolderOf()
    await setActivePolicies(folder, { active: await approved(folder, 'two') })
    await writeFile(new URL('two.json', folder), `${policyText('two')}\n`)
    await expect(loadActivePolicies(folder, READ, throwIt)).rejects.toMatchObject({ code: 'policy_invalid' })
  })

  test.each<[string, RegExp, object | string]>([
    ['is no JSON', /active\.json: it cannot be read as JSON/, '{ "active": '],
    ['leaves the folder', /active\.json/, { active: entry('../secret') }],
    ['names itself', /active\.json/, { active: entry('active') }],
    ['names what is not there', /three\.json: it cannot be read/, { active: entry('three') }],
    ['has a share above 1', /active\.json/, { active: entry('one'), shadow: { policy: 'two', share: 1.1 } }],
    [
      'has an approval of nothing',
      /active\.json/,
      { active: { policy: 'one', approvals: [{ approver: 'A', sha256: SHA }] } }
    ]
  ])('are refused with the file when active.json %s', async (_what, message, active) => {
    const folder = await policiesFolderOf()
    await writeFile(new URL('active.json', folder), typeof active === 'string' ? active : JSON.stringify(active))
    await expect(loadActivePolicies(folder, READ, throwIt)).rejects.toThrow(message)
  })

  test('come without the shadow when that is broken, and tell of it', async () => {
    const folder = await policiesFolderOf({ broken: '{}' })
    await setActivePolicies(folder, { active: entry('one'), shadow: { policy: 'broken', share: 1 } })
    const told: unknown[] = []
    const policies = await loadActivePolicies(folder, READ, (error) => void told.push(error))
    expect([versionOf(policies), policies.shadow]).toEqual(['one', undefined])
    expect(told).toMatchObject([{ code: 'policy_invalid', message: expect.stringContaining('broken.json') }])
  })
})

describe('at a start', () => {
  test('the policy before decides when the active one is broken, and that is told', async () => {
    const folder = await policiesFolderOf({ one: '{ "version": ' })
    await setActivePolicies(folder, { active: entry('one'), previous: await approved(folder, 'two') })
    const told: unknown[] = []
    const policies = await loadPoliciesAtStart(folder, READ, (error) => void told.push(error))
    expect(versionOf(policies)).toBe('two')
    expect(told).toMatchObject([{ message: expect.stringContaining('one.json') }])
  })

  test.each([
    ['there is none before', undefined],
    ['the one before is broken as well', entry('broken')]
  ])('a broken active policy is an error that names it when %s', async (_what, previous) => {
    const folder = await policiesFolderOf({ one: '{}', broken: '{}' })
    await setActivePolicies(folder, { active: entry('one'), previous })
    await expect(loadPoliciesAtStart(folder, READ, throwIt)).rejects.toThrow(/one\.json/)
  })
})

describe('policies in force', () => {
  /** With a line-up that says under which policies it decides, and refuses the ones that `refuses` names. */
  async function inForce(folder: URL, refuses = 'nothing') {
    const faults: unknown[] = []
    const swaps: (string | undefined)[] = []
    let nowMs = 0
    const policies = await openPolicies({
      folder,
      ...READ,
      readRules: createRulesInForce(folder),
      onSwap: (next) => void swaps.push(versionOf(next)),
      onFault: (error) => void faults.push(error),
      nowMs: () => nowMs
    })
    const under: OpenLineup['under'] = (next) => {
      if (versionOf(next) === refuses) throw new Error('it asks a fraud model that does not serve')
      return { decides: next.active.id } as unknown as ReturnType<OpenLineup['under']>
    }
    policies.prepareModels({ under } as OpenLineup)()
    const watch = policies.watch()
    onTestFinished(() => watch.close())
    const decides = () => (policies.lineup() as unknown as { decides: string }).decides.split('@')[0]
    const later = (ms: number) => {
      nowMs += ms
    }
    return { policies, watch, faults, swaps, decides, later }
  }

  test('follow active.json by themselves, without being asked to look', async () => {
    const folder = await policiesFolderOf()
    const { decides, swaps, faults } = await inForce(folder)
    expect(decides()).toBe('one')
    await setActivePolicies(folder, { active: await approved(folder, 'two'), previous: entry('one') })
    await vi.waitFor(() => expect(decides()).toBe('two'), { timeout: 5000, interval: 5 })
    expect([swaps, faults]).toEqual([['one', 'two'], []])
  })

  test('follow an edit of the file that the release ships, and of a shadow', async () => {
    const folder = await policiesFolderOf()
    const { policies, watch } = await inForce(folder)
    await writeFile(
      new URL('one.json', folder),
      policyText('one', (policy) => Object.assign(policy, { offerValidDays: 3 }))
    )
    await watch.look()
    expect(policies.active().policy.offerValidDays).toBe(3)
    await setActivePolicies(folder, { active: entry('one'), shadow: { policy: 'two', share: 1 } })
    await watch.look()
    const before = watch.current().shadow?.loaded.id
    await writeFile(
      new URL('two.json', folder),
      policyText('two', (policy) => Object.assign(policy, { offerValidDays: 3 }))
    )
    await watch.look()
    expect(watch.current().shadow?.loaded.id).not.toBe(before)
  })

  test.each<[string, (folder: URL) => Promise<void>]>([
    ['active.json is half a file', (folder) => writeFile(new URL('active.json', folder), '{ "active"')],
    ['active.json is gone', (folder) => rm(new URL('active.json', folder))],
    ['the active file is gone', (folder) => rm(new URL('one.json', folder))],
    ['the active file is no JSON', (folder) => writeFile(new URL('one.json', folder), 'not json')],
    [
      'the active file has a gap',
      (folder) =>
        writeFile(
          new URL('one.json', folder),
          policyText('one', ({ bands }) => void bands.pop())
        )
    ],
    [
      'the next one is not approved',
      async (folder) => setActivePolicies(folder, { active: await approved(folder, 'two', ['Ada Obi']) })
    ],
    [
      'the next one does not fit the models',
      async (folder) => setActivePolicies(folder, { active: await approved(folder, 'two') })
    ]
  ])('keep the last good one when %s, tell of it again every five seconds, and recover', async (_what, plant) => {
    const folder = await policiesFolderOf()
    const { watch, faults, decides, later, swaps } = await inForce(folder, 'two')
    await watch.look()
    await plant(folder)
    await watch.look()
    await watch.look()
    expect([decides(), faults.length]).toEqual(['one', 1])
    later(5000)
    await watch.look()
    expect([decides(), faults.length]).toEqual(['one', 2])
    await writeFile(new URL('three.json', folder), policyText('three'))
    await setActivePolicies(folder, { active: await approved(folder, 'three') })
    await watch.look()
    expect([decides(), faults.length]).toEqual(['three', 2])
    expect(swaps).toEqual(['one', 'three'])
  })

  test('are those of the moment for models that come later', async () => {
    const folder = await policiesFolderOf()
    const { policies, watch, decides } = await inForce(folder)
    await setActivePolicies(folder, { active: await approved(folder, 'two') })
    await watch.look()
    const under: OpenLineup['under'] = (next) => ({ decides: `${next.active.id} later` }) as never
    const use = policies.prepareModels({ under } as OpenLineup)
    expect(decides()).toBe('two')
    use()
    expect((policies.lineup() as unknown as { decides: string }).decides).toMatch(/^two@.* later$/)
  })
})
