import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { TWO_APPROVERS } from '../cli/run-command.ts'
import { policiesFolderOf, policyText, setActivePolicies, strictText } from '../serving/policy-folders.ts'
import { application } from '../support/app.ts'
import { assay, startGateway } from '../support/gateway-process.ts'
import { sharedRedisUrl, uniqueProcessPrefix } from '../support/redis.ts'

const LONG_MS = 60_000
/** What is promised; a machine that is busy with other tests may be slower to answer, not to look. */
const PROMISED_MS = 1000

interface Answer {
  readonly decision: string
  readonly trace: { readonly policy: string; readonly degraded: readonly string[] }
}

async function gatewayOn(folder: URL) {
  const env = {
    REDIS_URL: sharedRedisUrl(),
    REDIS_PREFIX: uniqueProcessPrefix('policy'),
    TOKEN_KEY: 'ab'.repeat(32),
    POLICIES_DIR: fileURLToPath(folder),
    DECISION_DEADLINE_MS: '10000',
    REDIS_TIMEOUT_MS: '4000',
    LOG_LEVEL: 'error'
  }
  const gateway = await startGateway(env)
  const { key } = JSON.parse(await assay(['keys', 'create', '--tenant', 'demo', '--json'], env)) as { key: string }
  const decide = async (): Promise<Answer> => {
    const response = await fetch(`${gateway.url}/v1/decisions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(application())
    })
    const text = await response.text()
    expect(response.status, text).toBe(200)
    return JSON.parse(text) as Answer
  }
  const metric = async (name: string) => {
    const text = await (await fetch(`${gateway.opsUrl}/metrics`)).text()
    return text.split('\n').filter((line) => line.startsWith(name))
  }
  const decidesBy = async () => (await decide()).trace.policy.split('@')[0]
  /** Milliseconds from the change of active.json to the first decision by that version; all before are decisions as well. */
  const untilBy = async (version: string): Promise<number> => {
    const fromMs = performance.now()
    while ((await decidesBy()) !== version) {
      expect(performance.now() - fromMs).toBeLessThan(LONG_MS / 3)
      await sleep(5)
    }
    return Date.now() - (await stat(new URL('active.json', folder))).mtimeMs
  }
  return { ...gateway, env, decide, decidesBy, untilBy, metric }
}

test(
  'an activation and a rollback decide in the running gateway within a second, and a shadow reports beside it',
  async () => {
    const folder = await policiesFolderOf({ strict: strictText('strict') })
    const { env, decide, decidesBy, untilBy, metric } = await gatewayOn(folder)
    expect(await decidesBy()).toBe('one')

    // It is looked at while the command still ends: that is no part of what is promised.
    const activated = await Promise.all([untilBy('two'), assay(['policy', 'activate', 'two', ...TWO_APPROVERS], env)])
    expect(activated[0]).toBeLessThan(PROMISED_MS)
    const back = await Promise.all([untilBy('one'), assay(['policy', 'rollback'], env)])
    expect(back[0]).toBeLessThan(PROMISED_MS)

    // Swaps while decisions are made: each is wholly of the policy that it names.
    const answers: Promise<Answer>[] = []
    for (let swaps = 0; swaps < 4; swaps++) {
      await setActivePolicies(folder, { active: { policy: swaps % 2 === 0 ? 'strict' : 'one', approvals: [] } })
      for (let each = 0; each < 30; each++) {
        answers.push(decide())
        await sleep(10)
      }
    }
    const told = new Map<string, Set<string>>()
    for (const { decision, trace } of await Promise.all(answers))
      told.set(
        trace.policy.split('@')[0] ?? '',
        (told.get(trace.policy.split('@')[0] ?? '') ?? new Set()).add(decision)
      )
    expect([...told.keys()].sort()).toEqual(['one', 'strict'])
    expect([...(told.get('strict') ?? [])]).toEqual(['DECLINE'])
    expect([...(told.get('one') ?? [])]).not.toContain('DECLINE')
    await untilBy('one')

    await assay(['policy', 'shadow', 'strict', '--share', '1'], env)
    while (!(await metric('credit_policy_info{')).some((line) => line.includes('place="shadow"'))) await sleep(20)
    const decided = (await decide()).decision
    const counted = `credit_policy_shadow_decisions_total{decided="${decided}",shadow="DECLINE"}`
    while ((await metric(counted)).length === 0) await sleep(20)
    const report = async () => JSON.parse(await assay(['policy', 'shadow', '--report', '--json'], env))
    let reports = await report()
    while (reports.length === 0) reports = await report()
    expect(reports).toMatchObject([
      { policy: expect.stringMatching(/^strict@sha256:/), segments: [{ segment: 'all' }, {}, {}] }
    ])
  },
  LONG_MS
)

test(
  'a broken active file never takes the service down: decisions go on by the last good one, and a metric rises',
  async () => {
    const folder = await policiesFolderOf()
    const { child, decide, decidesBy, untilBy, metric } = await gatewayOn(folder)
    const failures = async () => Number((await metric('credit_policy_reload_failures_total '))[0]?.split(' ')[1] ?? 0)
    expect([await decidesBy(), await failures()]).toEqual(['one', 0])
    const plants = [
      () => writeFile(new URL('one.json', folder), '{ "version": '),
      () =>
        writeFile(
          new URL('one.json', folder),
          policyText('one', ({ bands }) => void bands.pop())
        ),
      () => writeFile(new URL('active.json', folder), 'not json'),
      () => setActivePolicies(folder, { active: { policy: 'nowhere', approvals: [] } })
    ]
    let before = 0
    for (const plant of plants) {
      await plant()
      while ((await failures()) === before) await sleep(20)
      before = await failures()
      const { trace } = await decide()
      expect([trace.policy.split('@')[0], trace.degraded]).toEqual(['one', []])
    }
    expect(child.exitCode).toBeNull()
    await setActivePolicies(folder, { active: { policy: 'two', approvals: [] } })
    await untilBy('two')
  },
  LONG_MS
)

test(
  'at a start with a broken active file the policy before decides; without one before, the error names the file',
  async () => {
    const folder = await policiesFolderOf({ one: '{' })
    await setActivePolicies(folder, {
      active: { policy: 'one', approvals: [] },
      previous: { policy: 'two', approvals: [] }
    })
    const { child, decidesBy, metric } = await gatewayOn(folder)
    expect(await decidesBy()).toBe('two')
    expect(await metric('credit_policy_reload_failures_total 0')).toEqual([])
    child.kill('SIGTERM')
    await once(child, 'exit')
    await setActivePolicies(folder, { active: { policy: 'one', approvals: [] } })
    await expect(gatewayOn(folder)).rejects.toThrow(/one\.json: it cannot be read as JSON/)
    expect(await readFile(new URL('one.json', folder), 'utf8')).toBe('{')
  },
  LONG_MS
)
