import { connect, type Socket } from 'node:net'

export interface ConnectionEvents {
  /** The answer to the request that was sent; `status` 0 when the connection broke instead. */
  readonly onAnswer: (connection: HttpConnection, status: number) => void
  readonly onIdleClose: (connection: HttpConnection) => void
}

export interface HttpConnection {
  readonly send: (request: string) => void
  readonly destroy: () => void
  /** What the request in progress belongs to; the caller’s. */
  slot: number
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')
const NOTHING = Buffer.alloc(0)

/**
 * One keep-alive connection with one request at a time, and as little work per request as can be: the generator shares
 * two cores with what it measures. Knows answers with a content-length, and nothing else.
 */
export function openConnection(host: string, port: number, events: ConnectionEvents): HttpConnection {
  const socket = connect({ host, port, noDelay: true })
  let waiting = false
  let received: Buffer = NOTHING
  let wanted = -1
  let status = 0

  const connection: HttpConnection = {
    slot: -1,
    send: (request) => {
      waiting = true
      socket.write(request, 'latin1')
    },
    destroy: () => {
      waiting = false
      closeQuietly(socket)
    }
  }
  const fail = (): void => {
    closeQuietly(socket)
    if (waiting) {
      waiting = false
      events.onAnswer(connection, 0)
    } else events.onIdleClose(connection)
  }

  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    if (wanted < 0) {
      const end = received.indexOf(END_OF_HEAD)
      if (end < 0) return
      const head = received.toString('latin1', 0, end)
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
      if (length === undefined) return fail()
      status = Number(head.slice(9, 12))
      wanted = end + END_OF_HEAD.length + Number(length)
    }
    if (received.length < wanted) return
    if (received.length > wanted || !waiting) return fail()
    received = NOTHING
    wanted = -1
    waiting = false
    events.onAnswer(connection, status)
  })
  socket.on('error', fail)
  socket.on('end', fail)
  return connection
}

function closeQuietly(socket: Socket): void {
  socket.removeAllListeners()
  // A connection that is torn down may still report a reset; nobody is left to care.
  socket.on('error', () => {})
  socket.destroy()
}
