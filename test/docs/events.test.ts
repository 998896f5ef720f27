import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { ERRORS } from '../../src/errors.ts'
import { MAX_EVENTS } from '../../src/gateway/routes/events.ts'
import { MAX_LETTERS } from '../../src/inbox/dead-letters.ts'
import { MAX_EVENT_CHARS } from '../../src/inbox/judge.ts'
import { LETTER_REASONS } from '../../src/inbox/letter.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { drain, lettersOf, serviceWithInbox } from '../inbox/inbox-service.ts'
import { entriesOf, readStored } from '../redis/stored.ts'
import { canStartRedis, startOwnRedis } from '../support/redis.ts'

const TEXT = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8')

/** The words of a printed command as a shell reads them. */
function wordsOf(command: 'curl' | 'redis-cli', env: Record<string, string>): string[] {
  const printed = TEXT.match(new RegExp(`^${command} (?:.*\\\\\\n)*.*`, 'm'))?.[0] ?? ''
  const script = printed.replace(command, "printf '%s\\0'")
  return execFileSync('sh', ['-c', script], { encoding: 'utf8', env: { ...process.env, ...env } }).split('\0')
}

test('the printed XADD puts an event into the inbox that counts', async () => {
  const { service, inbox, letters } = await serviceWithInbox()
  const key = service.keys.inbox()
  const [option, url, command, stream = '', ...fields] = wordsOf('redis-cli', { REDIS_URL: 'redis://x' }).slice(0, -1)
  expect([option, url, command, stream]).toEqual(['-u', 'redis://x', 'XADD', key.replace(service.keys.prefix, 'assay')])
  const ours = fields.map((word) => (word === 'demo' ? 'alpha' : word))
  await service.redis.call('XADD', key, ...ours)
  await drain(inbox)
  expect(await lettersOf(letters)).toEqual([])
  expect(entriesOf(await readStored(service.redis, service.keys.prefix), 'log')).toHaveLength(1)
})

test('the printed curl posts an event that is accepted', async () => {
  const { service } = await serviceWithInbox()
  const words = wordsOf('curl', { API_URL: 'http://api', KEY: service.alpha.authorization.slice('Bearer '.length) })
  const headers = Object.fromEntries(
    words.filter((_, index) => words[index - 1] === '-H').map((header) => header.split(': ') as [string, string])
  )
  const payload = words[words.indexOf('-d') + 1] as string
  const answer = await service.app.inject({ method: 'POST', url: '/v1/events', headers, payload })
  expect([answer.statusCode, answer.json()]).toEqual([202, { accepted: 1 }])
})

test.skipIf(!canStartRedis())('the printed ACL lets a producer send and do nothing else', async () => {
  const own = await startOwnRedis()
  onTestFinished(() => own.stop())
  const connect = (url: string) => {
    // The ready check asks for INFO, which a producer may not.
    const redis = new Redis(url, { enableReadyCheck: false })
    onTestFinished(() => redis.disconnect())
    return redis
  }
  const admin = connect(own.url)
  const [, ...words] = (TEXT.match(/^ACL SETUSER .*$/m)?.[0] ?? '').split(' ')
  await admin.call('ACL', ...words)
  const producer = connect(own.url.replace('//', '//producer:SECRET@'))
  const inbox = createKeys('assay').inbox()
  await producer.xadd(inbox, '*', 'tenant', 'demo', 'event', '{}')
  expect(await producer.xlen(inbox)).toBe(1)
  for (const wrong of [
    () => producer.xrange(inbox, '-', '+'),
    () => producer.xtrim(inbox, 'MAXLEN', 0),
    () => producer.del(inbox),
    () => producer.xadd('assay:{p00}:log', '*', 'e', '{}'),
    () => producer.keys('*')
  ]) {
    await expect(wrong()).rejects.toThrow(/NOPERM/)
  }
})

test('docs/events.md has every reason of a dead letter, and each but the partner’s is a code of HTTP', () => {
  const inDocs = [...TEXT.matchAll(/^\| `(\w+)` \| /gm)].map(([, reason]) => reason)
  expect(inDocs.sort()).toEqual([...LETTER_REASONS].sort())
  expect(LETTER_REASONS.filter((reason) => !Object.hasOwn(ERRORS, reason))).toEqual(['unknown_tenant'])
})

test('docs/events.md states the limits of the code', () => {
  expect(TEXT).toContain(`| events a post | ${MAX_EVENTS},`)
  expect(TEXT).toContain(`newest ${MAX_LETTERS.toLocaleString('en')} letters`)
  expect(TEXT).toContain(`at most ${MAX_EVENT_CHARS / 1024} KiB`)
})
