import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface WebhookSink {
  readonly url: string
  /** What was told, by type of event. */
  readonly told: () => Readonly<Record<string, number>>
  readonly close: () => Promise<void>
}

/** Every so many deliveries the partner’s server is not well. */
const FAILS_EVERY = 40

/** The partner’s end of the webhooks: takes what it is told and counts it, and now and then it does not. */
export async function startWebhookSink(): Promise<WebhookSink> {
  const told: Record<string, number> = {}
  let deliveries = 0
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      if (++deliveries % FAILS_EVERY === 0) {
        response.writeHead(503).end()
        return
      }
      const { type = 'unknown' } = JSON.parse(body) as { type?: string }
      told[type] = (told[type] ?? 0) + 1
      response.writeHead(204).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    told: () => ({ ...told }),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}
