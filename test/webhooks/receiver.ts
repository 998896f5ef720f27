import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Received {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Answer = number | ((request: IncomingMessage, response: ServerResponse) => void)

export interface Receiver {
  readonly server: Server
  readonly url: string
  readonly port: number
  readonly received: Received[]
  /** What the next requests are answered with, one each; 204 when there is none. */
  readonly answers: Answer[]
  readonly untilReceived: (requests: number) => Promise<void>
}

/** A partner’s server on a real socket of this machine. */
export async function startReceiver(host = '127.0.0.1'): Promise<Receiver> {
  const received: Received[] = []
  const answers: Answer[] = []
  const waiting = new Map<number, () => void>()
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    received.push({ headers: request.headers, body })
    waiting.get(received.length)?.()
    const answer = answers.shift() ?? 204
    if (typeof answer === 'number') response.writeHead(answer).end()
    else answer(request, response)
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, host, resolve)
  await promise
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const untilReceived = (requests: number) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (received.length >= requests) resolve()
    else waiting.set(requests, resolve)
    return promise
  }
  const { port } = server.address() as AddressInfo
  return { server, url: `http://${host}:${port}/hooks`, port, received, answers, untilReceived }
}
