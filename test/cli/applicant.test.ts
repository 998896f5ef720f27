import { describe, expect, test } from 'vitest'
import { applicantCommand } from '../../src/cli/applicant.ts'
import type { EventInput } from '../../src/domain/event.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { createTokenise } from '../../src/edge/tokens.ts'
import { writeLetter } from '../../src/inbox/judge.ts'
import { partitionOfText } from '../../src/redis/keys.ts'
import { NOW_MS } from '../features/behaviour.ts'
import { type LiveBehaviour, liveBehaviour } from '../features/live-behaviour.ts'
import { readStored } from '../redis/stored.ts'
import { runOnRedis } from './run-command.ts'

const TOKEN_KEY = 'c1'.repeat(32)
const PERSON = 'CANARY-person'
const TOKEN = createTokenise(TOKEN_KEY)('demo', 'applicant', PERSON)
const DAY_MS = 86_400_000

const erase = (live: LiveBehaviour, ...args: string[]) =>
  runOnRedis(applicantCommand, { REDIS_URL: live.url, REDIS_PREFIX: live.prefix, TOKEN_KEY }, 'erase', ...args)

async function filled() {
  const live = await liveBehaviour()
  const edge = createEdge(createTokenise(TOKEN_KEY))
  const post = async (tenant: string, eventId: string, applicantId: string, phone: string) => {
    const input: EventInput = {
      eventId,
      type: 'auth.login',
      occurredAtMs: NOW_MS,
      applicantId,
      phone,
      deviceId: 'd',
      data: {}
    }
    const event = edge.toEvent(tenant, input, '', NOW_MS)
    if ('eventId' in event) await live.append(event)
  }
  await post('demo', 'e1', PERSON, '+234 802 555 1234')
  await post('demo', 'e2', 'another', '+234 802 555 9999')
  await post('other', 'e3', PERSON, '+234 802 555 1234')
  const decision = live.keys.decision(partitionOfText(TOKEN), 'demo', 'some-decision')
  await live.redis.set(decision, `{}\n{"refs":{"applicant":"${TOKEN}"}}`, 'PX', 5 * DAY_MS)
  await live.redis.set(live.keys.decision(partitionOfText(TOKEN), 'demo', 'another'), '{}\n{}', 'PX', 9 * DAY_MS)
  return { live, decision }
}

describe('assay applicant erase', () => {
  test('finds the person by the token of the gateway and says what went, what is kept and until when', async () => {
    const { live, decision } = await filled()
    const { summary, exitCode, output } = await erase(live, '--tenant', 'demo', '--applicant', PERSON)
    expect(exitCode).toBe(0)
    expect(summary).toMatchObject({
      dryRun: false,
      complete: true,
      logEntries: 1,
      rewritten: 1,
      removed: 2,
      arrived: 0
    })
    const [decisions] = summary.kept as [{ count: number; until: string }]
    expect(decisions.count).toBe(1)
    expect(Math.abs(Date.parse(decisions.until) - Date.now() - 5 * DAY_MS)).toBeLessThan(60_000)
    expect(output).not.toContain(PERSON)
    expect(output).not.toContain(TOKEN)
    const holders = [...(await readStored(live.redis, live.prefix))].filter((each) => each.join(' ').includes(TOKEN))
    expect(holders.map(([key]) => key)).toEqual([decision])
  })

  test('leaves the person of the same id with another partner alone', async () => {
    const { live } = await filled()
    await erase(live, '--tenant', 'demo', '--applicant', PERSON)
    const other = createTokenise(TOKEN_KEY)('other', 'applicant', PERSON)
    expect(await live.redis.exists(live.keys.entity('applicant', other))).toBe(1)
    expect(await live.redis.xlen(live.keys.log(partitionOfText(other)))).toBe(1)
  })

  test('drops the dead letters of the person, not those of others nor of another partner', async () => {
    const { live } = await filled()
    const bury = (tenant: string, applicantId: string) => {
      const event = JSON.stringify({ eventId: 'e', type: 'auth.login', occurredAtMs: 1, applicantId, data: {} })
      const entry = { stream: 's', id: '1-1', fields: { tenant, event }, fieldsSent: 2, deliveries: 1 }
      const letter = writeLetter(entry, 'invalid_request', [], { tokenise: createTokenise(TOKEN_KEY), nowMs: NOW_MS })
      return live.redis.xadd(live.keys.deadLetters(), '*', 'l', JSON.stringify(letter))
    }
    await bury('demo', PERSON)
    const others = [await bury('demo', 'another'), await bury('other', PERSON)]
    const dry = await erase(live, '--tenant', 'demo', '--applicant', PERSON, '--dry-run')
    expect(dry.summary).toMatchObject({ deadLetters: 1 })
    const { summary } = await erase(live, '--tenant', 'demo', '--applicant', PERSON)
    expect(summary).toMatchObject({ deadLetters: 1 })
    expect((await live.redis.xrange(live.keys.deadLetters(), '-', '+')).map(([id]) => id)).toEqual(others)
  })

  test('waits for no replay: one that runs would bring the person back, so it refuses', async () => {
    const { live } = await filled()
    await live.redis.set(live.keys.replay(), '{}')
    const before = await readStored(live.redis, live.prefix)
    await expect(erase(live, '--tenant', 'demo', '--applicant', PERSON)).rejects.toThrow('a replay is under way')
    expect(await readStored(live.redis, live.prefix)).toEqual(before)
  })

  test('--dry-run writes nothing', async () => {
    const { live } = await filled()
    const before = await readStored(live.redis, live.prefix)
    const { summary } = await erase(live, '--tenant', 'demo', '--applicant', PERSON, '--dry-run')
    expect(summary).toMatchObject({ dryRun: true, logEntries: 1, rewritten: 1, removed: 2 })
    expect(await readStored(live.redis, live.prefix)).toEqual(before)
  })

  test.each([
    [['--tenant', 'demo'], '--applicant is required'],
    [['--tenant', 'Demo', '--applicant', PERSON], '--tenant takes'],
    [['--tenant', 'demo', '--applicant', `${PERSON} `], '--applicant is no id']
  ])('refuses %j without showing the id', async (args, problem) => {
    const live = await liveBehaviour()
    const failure = await erase(live, ...args).catch((error: Error) => error.message)
    expect(failure).toContain(problem)
    expect(failure).not.toContain(PERSON)
  })
})
