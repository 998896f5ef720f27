import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { type Address, findAddress, type Resolve, type TargetRule, targetProblem } from './target.ts'

/** Why nothing was answered. The text of the fault is not kept: it may quote the URL, which may hold a partner’s secret. */
export const SEND_FAILURES = ['address_refused', 'name_unknown', 'timeout', 'connection'] as const
export type SendFailure = (typeof SEND_FAILURES)[number]

export type SendResult =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'failed'; readonly failure: SendFailure }

export type Send = (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<SendResult>

export interface SenderOptions {
  readonly rule: TargetRule
  readonly resolve: Resolve
  /** From the look-up of the name to the end of the answer. */
  readonly timeoutMs: number
  /** Trusted instead of the system’s authorities, as PEM. */
  readonly ca?: string | undefined
}

/** What is read of an answer; only its status counts. */
const MAX_ANSWER_BYTES = 16 * 1024

/**
 * Posts to an endpoint of a partner, that is to whatever address somebody outside wrote down. The name is resolved once,
 * every address of it is checked, and the connection goes to the checked address itself, so that a name which answers
 * differently a moment later leads nowhere. Redirects are not followed, connections are not kept.
 */
export function createSender({ rule, resolve, timeoutMs, ca }: SenderOptions): Send {
  return async (text, headers, body) => {
    if (targetProblem(text, rule) !== undefined) return failed('address_refused')
    const url = new URL(text)
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), timeoutMs)
    try {
      const found = await orAborted(findAddress(url, rule, resolve), deadline.signal).catch(() => undefined)
      if (found === undefined) return failed(deadline.signal.aborted ? 'timeout' : 'name_unknown')
      if (found === 'refused') return failed('address_refused')
      return { kind: 'answered', status: await post(url, found, { headers, body, signal: deadline.signal, ca }) }
    } catch {
      return failed(deadline.signal.aborted ? 'timeout' : 'connection')
    } finally {
      clearTimeout(timer)
    }
  }
}

interface Post {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
  readonly ca: string | undefined
}

function post(url: URL, { address, family }: Address, { headers, body, signal, ca }: Post): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const pinned: LookupFunction = (_host, options, done) =>
    options.all === true ? done(null, [{ address, family }]) : done(null, address, family)
  const call = url.protocol === 'https:' ? requestHttps : requestHttp
  const request = call(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    lookup: pinned,
    agent: false,
    signal,
    rejectUnauthorized: true,
    ...(ca !== undefined && { ca })
  })
  request.on('error', reject)
  request.on('response', (response) => {
    const settle = () => resolve(response.statusCode as number)
    drain(response, settle)
  })
  request.end(body)
  return promise
}

/** The status is known: whatever goes wrong in the rest of the answer changes nothing. */
function drain(response: IncomingMessage, settle: () => void): void {
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) response.destroy()
  })
  response.on('error', settle)
  response.on('close', settle)
}

function failed(failure: SendFailure): SendResult {
  return { kind: 'failed', failure }
}

/** Looking up a name cannot be called off: it is left behind. */
function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return Promise.race([work, promise])
}
