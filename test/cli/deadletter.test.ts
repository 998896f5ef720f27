import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createPartnerKeys } from '../../src/access/partner-keys.ts'
import { parseCommandLine, UsageError } from '../../src/cli/command.ts'
import { deadletterCommand } from '../../src/cli/deadletter.ts'
import {
  DAY_MS,
  disbursed,
  drain,
  lettersOf,
  login,
  NOW_MS,
  send,
  sendEvent,
  serviceWithInbox
} from '../inbox/inbox-service.ts'
import { entriesOf, readStored } from '../redis/stored.ts'
import { application, approve, postDecision, TEST_TOKEN_KEY } from '../support/app.ts'
import { sharedRedisUrl } from '../support/redis.ts'
import { workFolder } from './run-command.ts'

const PHONE = '+234 803 111 2222'

/** A service whose inbox has refused `entries`, and the command line beside it. */
async function refusing(...entries: (string | object)[]) {
  const seen: number[][] = []
  const made = await serviceWithInbox({
    score: (row) => {
      seen.push([...row])
      return approve()
    }
  })
  const { service, inbox, letters } = made
  for (const entry of entries) await sendEvent(service, entry)
  await drain(inbox)
  const env = { REDIS_URL: sharedRedisUrl(), REDIS_PREFIX: service.keys.prefix, TOKEN_KEY: TEST_TOKEN_KEY }
  const run = async (args: readonly string[], changes: Record<string, string> = {}) => {
    const lines: string[] = []
    const print = (line: string) => void lines.push(...line.split('\n'))
    const command = {
      ...parseCommandLine(deadletterCommand, args),
      env: { ...env, ...changes },
      print,
      progress: print
    }
    const failure = await deadletterCommand.run(command).then(
      () => undefined,
      (error: Error) => error
    )
    return { lines, failure, text: [...lines, failure?.message ?? ''].join('\n') }
  }
  const cli = (...args: string[]) => run(args)
  const ids = async () => {
    const found: string[] = []
    for await (const { id } of letters.all()) found.push(id)
    return found
  }
  const onlyId = async () => (await ids())[0] as string
  const stored = () => readStored(service.redis, service.keys.prefix)
  const logged = async () => entriesOf(await stored(), 'log').map(([, fields]) => JSON.parse(fields[1] as string))
  const loansSeen = async () => {
    await postDecision(service, application({ applicantId: 'person' }))
    return seen.at(-1)?.[0]
  }
  return { ...made, cli, run, ids, onlyId, stored, logged, loansSeen }
}

describe('assay deadletter list', () => {
  test('says that there is none', async () => {
    const { cli } = await refusing()
    expect((await cli('list')).lines).toEqual(['no dead letters'])
    expect((await cli('list', '--json')).lines).toEqual([])
  })

  test('shows each letter on a line of a terminal: when, whose, why, what', async () => {
    const { cli, onlyId, service, inbox } = await refusing(
      disbursed({ occurredAtMs: 1, ip: 'x' }),
      '{',
      login({ type: 'x' })
    )
    await sendEvent(service, login(), 'a-tenant-with-a-rather-long-name')
    await drain(inbox)
    const { lines } = await cli('list')
    expect(lines).toHaveLength(5)
    expect(lines[0]).toMatch(/^ID +WRITTEN \(UTC\) +TENANT +REASON +WHAT$/)
    expect(lines[1]).toContain(await onlyId())
    expect(lines[1]).toMatch(/alpha +invalid_request +\/occurredAtMs .+; 1 more|alpha +invalid_request +\/occurredAtMs/)
    expect(lines[2]).toMatch(/malformed_json/)
    expect(lines[4]).toMatch(/a-tenant-wi… +unknown_tenant/)
    expect(lines.filter((line) => line.length > 100)).toEqual([])
  })

  test('takes a tenant and a limit and says how many more there are', async () => {
    const { cli, service, inbox } = await refusing('{', '{', '{')
    await sendEvent(service, '{', 'beta')
    await drain(inbox)
    expect((await cli('list', '--limit', '2')).lines.at(-1)).toBe('and 2 more: --limit 4 shows all')
    expect((await cli('list', '--tenant', 'beta')).lines).toHaveLength(2)
    const json = (await cli('list', '--json', '--tenant', 'beta')).lines.map((line) => JSON.parse(line))
    expect(json).toEqual([expect.objectContaining({ tenant: 'beta', reason: 'malformed_json', event: null })])
  })
})

describe('assay deadletter show', () => {
  test('shows what was wrong, what is left of the event and what to do, within a hundred columns', async () => {
    const { cli, onlyId } = await refusing(
      disbursed({ occurredAtMs: 1, phone: PHONE, ip: '1.2.3', type: 'loan.given', eventId: 'e'.repeat(64) })
    )
    const { lines, text } = await cli('show', await onlyId())
    expect(text).toContain('/occurredAtMs')
    expect(text).toContain('"type": "loan.given"')
    expect(text).toMatch(/^tokens +phone/m)
    expect(text).toMatch(/^removed +\/ip/m)
    expect(text).toMatch(/^next +assay deadletter fix \S+ --set \/\w+=VALUE$/m)
    expect(lines.filter((line) => line.length > 100)).toEqual([])
    expect(text).not.toContain('111 2222')
  })

  test('tells of what could not be read its length and a token, and asks for the event', async () => {
    const { cli, onlyId } = await refusing('{"phone":"+234 803 111 2222"')
    const { text } = await cli('show', await onlyId())
    expect(text).toMatch(/^event +not kept: 28 characters/m)
    expect(text).toMatch(/--event FILE/)
    expect(text).not.toContain('111 2222')
  })

  test('of a letter that is not there, or is none, fails', async () => {
    const { cli, service } = await refusing('{')
    for (const id of ['1-1', 'x', '*', '-']) {
      expect((await cli('show', id)).failure?.message).toBe(`there is no dead letter ${id}`)
    }
    const foreign = (await service.redis.xadd(service.keys.deadLetters(), '*', 'x', '\u001b[2J')) as string
    expect((await cli('show', foreign)).failure?.message).toContain('is not readable')
    expect((await cli('list')).text).toMatch(/unreadable/)
    expect((await cli('drop', foreign)).failure).toBeUndefined()
  })
})

describe('assay deadletter fix, then resend', () => {
  test('makes an event of seconds count, with the entities of the tokens it came with', async () => {
    const seconds = Math.floor((NOW_MS - DAY_MS) / 1000)
    const wrong = disbursed({ occurredAtMs: seconds, phone: PHONE })
    const { cli, onlyId, ids, loansSeen, logged, service } = await refusing(wrong, disbursed({ phone: PHONE }))
    const id = await onlyId()
    const fixed = await cli('fix', id, '--set', `/occurredAtMs=${seconds}000`)
    expect(fixed.text).toMatch(/^corrected, now \d+-\d+\. Send it: assay deadletter resend \d+-\d+/)
    expect(await ids()).toHaveLength(1)
    expect(await onlyId()).not.toBe(id)
    expect((await cli('list')).text).toContain('corrected: resend it')
    expect(await loansSeen(), 'it counts once it is sent').toBe(1)
    expect((await cli('resend', await onlyId())).lines).toEqual(['1 sent: from now on they count'])
    expect(await loansSeen()).toBe(2)
    expect(await ids()).toEqual([])
    const [right, mended] = (await logged()).filter(({ type }) => type === 'loan.disbursed')
    expect(mended.refs).toEqual(right.refs)
    expect(Object.keys(mended.refs)).toEqual(Object.keys(right.refs))
    expect(await service.redis.xlen(service.keys.inbox())).toBe(0)
  })

  test('says what is still wrong and changes nothing', async () => {
    const { cli, onlyId, stored } = await refusing(disbursed({ occurredAtMs: 1, ip: 'x' }))
    const before = await stored()
    const { failure } = await cli('fix', await onlyId(), '--set', `/occurredAtMs=${NOW_MS - DAY_MS}`)
    expect(failure?.message).toMatch(/^still wrong, nothing was changed:\n {2}\/ip /)
    expect(await stored()).toEqual(before)
    const resent = await cli('resend', await onlyId())
    expect(resent.text).toMatch(/stays, it is still wrong:\n {2}\/occurredAtMs/)
    expect(resent.failure?.message).toBe('1 stay: 1 still wrong, 0 of a full entity')
    expect(await stored()).toEqual(before)
  })

  test('takes identifiers and leaves none of them in Redis', async () => {
    const { cli, onlyId, stored, logged } = await refusing(disbursed({ phone: 1, ip: '1.2.3', colour: 'red' }))
    const changes = ['--set', `/phone=2348031112222`, '--unset', '/colour', '--set', '/ip=203.0.113.77']
    expect((await cli('fix', await onlyId(), ...changes)).failure).toBeUndefined()
    expect([...(await stored()).values()].join()).not.toMatch(/2348031112222|203\.0\.113/)
    expect((await cli('resend', await onlyId())).failure).toBeUndefined()
    expect([...(await stored()).values()].join()).not.toMatch(/2348031112222|203\.0\.113/)
    expect(Object.keys((await logged())[0].refs)).toEqual(['applicant', 'ip', 'phone'])
  })

  test('takes a whole event from a file where nothing could be read', async () => {
    const { cli, onlyId, loansSeen } = await refusing('{"eventId":')
    const folder = await workFolder()
    await writeFile(join(folder, 'event.json'), JSON.stringify(disbursed({ phone: PHONE })))
    await writeFile(join(folder, 'twice.json'), '{"eventId":"a","eventId":"b"}')
    const missing = await cli('fix', await onlyId(), '--event', join(folder, 'missing.json'))
    expect(missing.failure?.message).toContain('there is no such file')
    const twice = await cli('fix', await onlyId(), '--event', join(folder, 'twice.json'))
    expect(twice.failure?.message).toContain('two members of the same name')
    expect((await cli('fix', await onlyId(), '--event', join(folder, 'event.json'))).failure).toBeUndefined()
    expect((await cli('resend', '--all')).lines).toEqual(['1 sent: from now on they count'])
    expect(await loansSeen()).toBe(1)
  })

  test('gives an event to the partner whose it is; tokens of another do not go along', async () => {
    const { cli, onlyId, service, inbox, logged } = await refusing()
    await sendEvent(service, disbursed({ phone: PHONE }), 'alhpa')
    await drain(inbox)
    const without = await cli('fix', await onlyId(), '--tenant', 'alpha')
    expect(without.failure?.message).toContain('/phone')
    const nobody = await cli('fix', await onlyId(), '--tenant', 'nobody')
    expect(nobody.failure?.message).toContain('tenant has no valid key')
    await cli('fix', await onlyId(), '--tenant', 'alpha', '--set', `/phone=${PHONE}`)
    expect((await cli('resend', await onlyId())).failure).toBeUndefined()
    await sendEvent(service, disbursed({ phone: PHONE }))
    await drain(inbox)
    const [one, two] = await logged()
    expect([one.tenant, one.refs]).toEqual(['alpha', two.refs])
  })

  test('needs no correction where only a key or room was missing', async () => {
    const { cli, service, inbox, onlyId, ids } = await refusing()
    await sendEvent(service, login(), 'late')
    await drain(inbox)
    expect((await cli('resend', await onlyId())).failure?.message).toContain('1 still wrong')
    await createPartnerKeys(service.redis, service.keys).create('late', ['events'], NOW_MS)
    expect((await cli('resend', await onlyId())).lines).toEqual(['1 sent: from now on they count'])
    expect(await ids()).toEqual([])
  })

  test('is refused under another key: its tokens would be nobody’s', async () => {
    const { run, onlyId, stored } = await refusing(login({ occurredAtMs: 1 }))
    const before = await stored()
    const id = await onlyId()
    for (const args of [
      ['resend', id],
      ['resend', '--all'],
      ['fix', id, '--set', `/occurredAtMs=${NOW_MS - DAY_MS}`]
    ]) {
      expect((await run(args, { TOKEN_KEY: 'ab'.repeat(32) })).failure?.message).toContain('TOKEN_KEY is not the key')
    }
    expect((await run(['resend', id], { TOKEN_KEY: '' })).failure?.message).toBeTruthy()
    expect(await stored()).toEqual(before)
  })

  test('of a pointer that leads nowhere says so', async () => {
    const { cli, onlyId } = await refusing(login({ occurredAtMs: 1 }))
    for (const pointer of ['/nothing/there', '/eventId/x', '/__proto__/x', '/data/__proto__']) {
      expect((await cli('fix', await onlyId(), '--set', `${pointer}=1`)).failure?.message).toContain('leads nowhere')
    }
  })
})

describe('assay deadletter resend --all', () => {
  test('sends what is right, keeps what is not, and says how many', async () => {
    const wrong = Array.from({ length: 70 }, () => disbursed({ occurredAtMs: 1 }))
    const { cli, ids, loansSeen, letters } = await refusing(...wrong, '{')
    for (const id of (await ids()).slice(0, 40)) await cli('fix', id, '--set', `/occurredAtMs=${NOW_MS - DAY_MS}`)
    const { lines, failure } = await cli('resend', '--all')
    expect(lines).toContain('40 sent: from now on they count')
    expect(failure?.message).toBe('31 stay: 31 still wrong, 0 of a full entity')
    expect(await lettersOf(letters)).toHaveLength(31)
    expect(await loansSeen()).toBe(40)
    expect((await cli('resend', '--all', '--tenant', 'beta')).lines).toEqual(['0 sent: from now on they count'])
  })

  test('repeated after a crash between append and removal changes nothing', async () => {
    const { cli, onlyId, service, loansSeen, stored } = await refusing(disbursed({ occurredAtMs: 1 }))
    await cli('fix', await onlyId(), '--set', `/occurredAtMs=${NOW_MS - DAY_MS}`)
    const [[, fields]] = entriesOf(await stored(), 'deadletter') as [[string, string[]]]
    await cli('resend', '--all')
    await service.redis.xadd(service.keys.deadLetters(), '*', ...fields)
    await cli('resend', '--all')
    expect(await loansSeen()).toBe(1)
  })

  test('keeps what finds its entity full', async () => {
    const { run, onlyId, service, ids } = await refusing(disbursed({ occurredAtMs: 1 }))
    await run(['fix', await onlyId(), '--set', `/occurredAtMs=${NOW_MS - DAY_MS}`])
    for (let sent = 0; sent < 5; sent++) {
      await service.app.inject({ method: 'POST', url: '/v1/events', headers: service.alpha, payload: disbursed() })
    }
    const { failure } = await run(['resend', '--all'], { MAX_ENTITY_BYTES: '100' })
    expect(failure?.message).toBe('1 stay: 0 still wrong, 1 of a full entity')
    expect(await ids()).toHaveLength(1)
  })
})

test('assay deadletter drop removes one letter, once', async () => {
  const { cli, ids } = await refusing('{', '{')
  const [first = '', second] = await ids()
  expect((await cli('drop', first)).failure).toBeUndefined()
  expect(await ids()).toEqual([second])
  expect((await cli('drop', first)).failure?.message).toContain('there is no dead letter')
})

test('two corrections of one letter leave one letter', async () => {
  const { cli, onlyId, ids } = await refusing(login({ occurredAtMs: 1 }))
  const id = await onlyId()
  const fix = () => cli('fix', id, '--set', `/occurredAtMs=${NOW_MS - DAY_MS}`)
  const failures = (await Promise.all([fix(), fix(), fix()])).filter(({ failure }) => failure !== undefined)
  expect([failures.length, (await ids()).length]).toEqual([2, 1])
})

test('an entry with fields of its own shows them by name only', async () => {
  const { cli, onlyId, service, inbox } = await refusing()
  await send(service, 'tenant', 'alpha', 'event', JSON.stringify(login()), 'note', PHONE, PHONE, 'x')
  await drain(inbox)
  const { text } = await cli('show', await onlyId())
  expect(text).toContain('note is not a known field')
  expect(text).not.toContain('111 2222')
})

describe('a wrong call of assay deadletter', () => {
  test.each([
    [],
    ['burn'],
    ['toString'],
    ['list', '1-1'],
    ['list', '--limit', '0'],
    ['list', '--limit', 'x'],
    ['list', '--all'],
    ['show'],
    ['show', '1-1', '2-2'],
    ['fix', '1-1'],
    ['fix', '1-1', '--set', 'occurredAtMs=1'],
    ['fix', '1-1', '--set', '/occurredAtMs'],
    ['fix', '1-1', '--unset', 'ip'],
    ['resend'],
    ['resend', '1-1', '--all'],
    ['resend', '1-1', '--tenant', 'alpha'],
    ['drop'],
    ['drop', '--all']
  ])('%j %j %j %j is told how to call it', async (...args) => {
    const { positionals, values } = parseCommandLine(deadletterCommand, args as string[])
    const call = { positionals, values, env: { REDIS_URL: 'redis://127.0.0.1:1' }, print: () => {}, progress: () => {} }
    await expect(async () => deadletterCommand.run(call)).rejects.toThrow(UsageError)
  })
})
