import { connect, createServer, type Socket } from 'node:net'

export interface FaultProxy {
  /** Address of the Redis behind, through the proxy. */
  readonly url: string
  /**
   * The next command that holds `text` reaches Redis; its reply does not come back, and the connection is cut. Resolves
   * once Redis has answered, so: once the command was done.
   */
  readonly loseReplyTo: (text: string) => Promise<void>
  /** Nothing passes any more in either direction, and nobody is told: a half-open link. */
  readonly blackHole: (on: boolean) => void
  readonly stop: () => Promise<void>
}

/** A TCP proxy in front of a Redis, for the faults of a network. */
export async function startFaultProxy(targetPort: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>()
  let wanted: { readonly text: string; readonly lost: () => void } | undefined
  let dark = false

  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1')
    let losing: (() => void) | undefined
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (bytes) => {
      if (dark) return
      if (wanted !== undefined && bytes.includes(wanted.text)) {
        losing = wanted.lost
        wanted = undefined
      }
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      if (dark) return
      if (losing === undefined) return client.write(bytes)
      client.destroy()
      losing()
    })
  })
  const { promise: listening, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await listening
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the proxy does not listen')
  return {
    url: `redis://127.0.0.1:${address.port}`,
    loseReplyTo: (text) =>
      new Promise((lost) => {
        wanted = { text, lost }
      }),
    blackHole: (on) => {
      dark = on
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      const { promise: closed, resolve: done } = Promise.withResolvers<void>()
      server.close(() => done())
      await closed
    }
  }
}
