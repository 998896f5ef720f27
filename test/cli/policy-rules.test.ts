import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { modelsCommand } from '../../src/cli/models.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import type { Policy } from '../../src/policy/schema.ts'
import { openPolicies } from '../../src/serving/policies-in-force.ts'
import { createRulesInForce } from '../../src/serving/rules-in-force.ts'
import { modelsFolder } from '../serving/folders.ts'
import { policiesFolderOf, policyText, SHIPPED } from '../serving/policy-folders.ts'
import { historyOf, policy as policyOf } from './policy-command.ts'
import { TWO_APPROVERS as BOTH, runOrRefuse } from './run-command.ts'

const CN = { jurisdiction: 'CN', lenderType: 'online_microloan', product: 'consumer' } as const
const IN_2029 = Date.parse('2029-01-01T00:00:00Z')
/** What assay policy says on this folder, refusals as well. */
const policy = async (...args: Parameters<typeof policyOf>) => said(await policyOf(...args))
const shipped = (name: string) => readFile(new URL(`rule-packs/${name}`, SHIPPED), 'utf8')

/** A file of rules of the release with a change, outside of the folder of policies. */
async function fileOf(name: string, change: (value: never) => void): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-rules-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const value = JSON.parse(await shipped(name))
  change(value as never)
  await writeFile(join(folder, name), JSON.stringify(value))
  return join(folder, name)
}
const cheaper = (ratio = 0.02) =>
  fileOf('lpr-1y.json', ({ points }: { points: { from: string }[] }) => {
    points.push({ ...points[0], from: '2028-06-20', ratio } as { from: string })
  })

async function inForce(folder: URL) {
  const faults: unknown[] = []
  const policies = await openPolicies({
    folder,
    featureNames: CATALOGUE.map(({ name }) => name),
    readRules: createRulesInForce(folder),
    onSwap: () => {},
    onFault: (error) => void faults.push(error),
    nowMs: () => performance.now()
  })
  const watch = policies.watch()
  onTestFinished(() => watch.close())
  await watch.look()
  return { watch, faults, cap: () => policies.active().rules?.(IN_2029, CN).rateCap.effective }
}

test('rules that two people approved are in force in a running process, and not before', async () => {
  const folder = await policiesFolderOf()
  const { watch, faults, cap } = await inForce(folder)
  const file = await cheaper()
  expect(await policy(folder, ['rules', file])).toContain('2 different people must approve')
  expect(await policy(folder, ['rules', file, '--approver', 'Ada Obi', '--approver', ' ada  OBI'])).toContain('waits')
  await watch.look()
  expect(cap()).toBe(0.12)
  expect(await policy(folder, ['rules', file, '--approver', 'Ben Wu'])).toMatch(
    /lpr-1y@sha256:\w{12} is in force instead of lpr-1y@sha256:\w{12}, approved by Ada Obi, Ben Wu/
  )
  await watch.look()
  expect([cap(), faults]).toEqual([0.08, []])
  expect(await policy(folder, ['rules'])).toMatch(
    /cn-internet-microloan\.json .* of the release\n[\s\S]*lpr-1y\.json .* Ada Obi, Ben Wu/
  )
  expect(await historyOf(folder)).toMatchObject([{ action: 'rules', to: expect.stringContaining('lpr-1y@') }])

  await policy(folder, ['rules', await cheaper(0.01), ...BOTH])
  await watch.look()
  expect(cap()).toBe(0.04)
  const before = await readdir(new URL('approved-rule-packs/before/', folder))
  expect(before).toEqual([expect.stringMatching(/^[0-9a-f]{64}-lpr-1y\.json$/)])
})

test('rules that nobody approved, or of which a byte changed, leave the last good ones in force, and that is told', async () => {
  const folder = await policiesFolderOf()
  await policy(folder, ['rules', await cheaper(), ...BOTH])
  const { watch, faults, cap } = await inForce(folder)
  const own = new URL('approved-rule-packs/lpr-1y.json', folder)
  const good = await readFile(own, 'utf8')
  await writeFile(own, good.replace('0.02', '0.09'))
  await watch.look()
  expect([cap(), faults]).toMatchObject([0.08, [{ message: expect.stringContaining(`${own.pathname}: these bytes`) }]])
  expect(await policy(folder, ['check', 'one'])).toContain('these bytes are not what 2 people approved')
  await writeFile(own, good)
  await watch.look()
  expect(cap()).toBe(0.08)
  const approvals = new URL('approved-rule-packs/approvals.json', folder)
  const [ada] = JSON.parse(await readFile(approvals, 'utf8'))['lpr-1y.json']
  await writeFile(approvals, JSON.stringify({ 'lpr-1y.json': [ada, { ...ada, approver: ' ADA OBI' }] }))
  await expect(createRulesInForce(folder)()).rejects.toThrow('not what 2 people approved')
  await rm(new URL('approved-rule-packs/', folder), { recursive: true })
  await watch.look()
  expect(cap()).toBe(0.12)
  await mkdir(new URL('approved-rule-packs/', folder))
  await writeFile(new URL('approved-rule-packs/XX.json', folder), '{}')
  await expect(inForce(folder)).rejects.toThrow('XX.json: these bytes')
})

type Pack = { id: string; version: string; rules: { tags: string[]; kind: string; path: object[] }[] }

test.each<[string, (pack: Pack) => void, RegExp]>([
  [
    'another content of a version that is in force',
    ({ rules }) => void rules.pop(),
    /\/version: .* is in force with other/
  ],
  [
    'another id than its file',
    (pack) => void Object.assign(pack, { id: 'xx', version: '2027.1.1' }),
    /\/id: must be eu-con/
  ],
  ['a rule without a path', ({ rules }) => void Object.assign(rules[1] ?? {}, { path: [] }), /\/rules\/1\/path: /],
  [
    'data excluded that the model in force asks for',
    (pack) => {
      pack.version = '2027.1.1'
      Object.assign(pack.rules[0] ?? {}, { tags: ['financial'] })
    },
    /one\.json[\s\S]*\/products\/0\/rules: EU\.CCD2\.EXCLUDED_DATA excludes .*: the credit model asks for it/
  ]
])('rules with %s are refused, and nothing changes', async (_what, change, expected) => {
  const folder = await policiesFolderOf({ one: underEurope() })
  const file = await fileOf('eu-consumer-credit.json', change)
  expect(await policy(folder, ['rules', file, ...BOTH])).toMatch(expected)
  expect(await readdir(folder)).not.toContain('approved-rule-packs')
})

test('a model that asks for data which rules in force exclude is not activated, nor does it challenge', async () => {
  const policies = await policiesFolderOf()
  const excluding = await fileOf('eu-consumer-credit.json', (pack: Pack) => {
    pack.version = '2027.1.1'
    Object.assign(pack.rules[0] ?? {}, { tags: ['financial'] })
  })
  await policy(policies, ['rules', excluding, ...BOTH])
  await writeFile(new URL('one.json', policies), underEurope())
  const models = await modelsFolder({ credit: { champion: '1.0.0' }, fraud: { champion: '1.0.0' } })
  const run = async (...args: string[]) =>
    said(
      await runOrRefuse(modelsCommand, [...args, ...BOTH, '--models', fileURLToPath(models)], {
        POLICIES_DIR: fileURLToPath(policies)
      })
    )
  const before = await readFile(new URL('active.json', models), 'utf8')
  for (const args of [
    ['activate', 'credit', '1.1.0'],
    ['challenge', '1.1.0', '--share', '0.5']
  ])
    expect(await run(...args)).toMatch(/credit 1\.1\.0 under one@[\s\S]*EU\.CCD2\.EXCLUDED_DATA excludes/)
  expect(await readFile(new URL('active.json', models), 'utf8')).toBe(before)
})

/** The shipped policy with its cash loans under the pack of Europe. */
function underEurope(): string {
  return policyText('one', ({ products }: Policy) => {
    Object.assign(products[0] ?? {}, { rules: { jurisdiction: 'EU', lenderType: 'microloan' } })
  })
}

function said({ lines, refusal = '' }: Awaited<ReturnType<typeof runOrRefuse>>): string {
  return [...lines, refusal].join('\n')
}
