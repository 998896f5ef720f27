import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { WEBHOOK_TRIES, webhookBackoffMs } from '../../src/monitoring/webhook-jobs.ts'
import { composeBody } from '../../src/webhooks/deliver.ts'
import { WEBHOOK_TYPES } from '../../src/webhooks/event.ts'
import { signBody } from '../../src/webhooks/signature.ts'

const TEXT = readFileSync(new URL('../../docs/webhooks.md', import.meta.url), 'utf8')
const block = (language: string) => new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(TEXT)?.[1] ?? ''

type Verify = (header: string, body: string | Buffer, secrets: Record<string, string>, nowMs: number) => unknown
const { verify } = (await import(`data:text/javascript,${encodeURIComponent(block('js'))}`)) as { verify: Verify }

const NOW_MS = Date.UTC(2026, 10, 25, 8)
const OLD = { keyId: 'wk_00000001', secret: 'whs_old' }
const NEW = { keyId: 'wk_00000002', secret: 'whs_new' }
const BODY = '{"id":"evt_x","data":{"city":"深圳"}}'
const knows = (...keys: (typeof OLD)[]) => Object.fromEntries(keys.map(({ keyId, secret }) => [keyId, secret]))

describe('the receiver that docs/webhooks.md prints', () => {
  test('takes what we sign, as text and as bytes, within five minutes', () => {
    const header = signBody([OLD], BODY, NOW_MS)
    for (const body of [BODY, Buffer.from(BODY)])
      for (const skewMs of [-299_000, 0, 299_000])
        expect(verify(header, body, knows(OLD), NOW_MS + skewMs)).toEqual(JSON.parse(BODY))
  })

  test('takes either key while one is rotated', () => {
    const header = signBody([NEW, OLD], BODY, NOW_MS)
    for (const secrets of [knows(OLD), knows(NEW), knows(OLD, NEW)])
      expect(verify(header, BODY, secrets, NOW_MS)).toEqual(JSON.parse(BODY))
  })

  test('refuses another body, another time, another secret, an unknown key and a bare header', () => {
    const header = signBody([OLD], BODY, NOW_MS)
    const refused: [string, string, Record<string, string>, number][] = [
      [header, `${BODY} `, knows(OLD), NOW_MS],
      [header, BODY, knows(OLD), NOW_MS + 302_000],
      [header, BODY, knows(OLD), NOW_MS - 302_000],
      [header.replace(/t=\d+/, `t=${NOW_MS / 1000 + 1}`), BODY, knows(OLD), NOW_MS],
      [header, BODY, { [OLD.keyId]: 'whs_other' }, NOW_MS],
      [header, BODY, knows(NEW), NOW_MS],
      [header, BODY, {}, NOW_MS],
      [header.slice(0, header.indexOf(',')), BODY, knows(OLD), NOW_MS],
      ['', BODY, knows(OLD), NOW_MS],
      [header.replace(/v1=.*/, 'v1='), BODY, knows(OLD), NOW_MS],
      [header.replace(OLD.keyId, 'constructor'), BODY, knows(OLD), NOW_MS]
    ]
    for (const args of refused) expect(() => verify(...args), JSON.stringify(args)).toThrow()
  })
})

test('docs/webhooks.md lists every type of event', () => {
  const listed = [...TEXT.matchAll(/^\| `([a-z.]+)` \|/gm)].map(([, type]) => type)
  expect(listed.sort()).toEqual([...WEBHOOK_TYPES].sort())
})

test('the printed body has the fields of a real one, in their order', () => {
  const printed = JSON.parse(block('json'))
  const event = { tenant: 'alpha', dedupeKey: 'x', occurredAtMs: 0, type: printed.type, aggregateId: 'a', data: {} }
  const real = JSON.parse(composeBody('evt_x', { sequence: 1, event }))
  expect(Object.keys(printed)).toEqual(Object.keys(real))
  expect(TEXT.replace(/\s+/g, ' ')).toContain(
    'after 5 seconds, then 17, a minute, three, eleven, 37, two hours, seven, and a day'
  )
  const waits = Array.from({ length: WEBHOOK_TRIES - 1 }, (_, index) => webhookBackoffMs(index + 1, () => 0.5) / 1000)
  expect(
    waits.map((seconds) =>
      seconds < 50 ? Math.round(seconds) : seconds < 3600 ? Math.round(seconds / 60) : Math.round(seconds / 3600)
    )
  ).toEqual([5, 17, 1, 3, 11, 37, 2, 7, 24])
})
