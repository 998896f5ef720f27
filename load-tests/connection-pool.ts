import { type HttpConnection, openConnection } from './http-connection.ts'

export interface ConnectionPoolOptions {
  readonly host: string
  readonly port: number
  /** Opened at once, before anything is measured. */
  readonly first: number
  /** Status 0 is a connection that broke. */
  readonly onAnswer: (connection: HttpConnection, status: number) => void
}

export interface ConnectionPool {
  /** An idle connection, else a new one: the caller bounds how many are in use. */
  take(): HttpConnection
  close(): void
}

/** Keep-alive connections, the last one used first, so that few are busy when few are needed. */
export function createConnectionPool({ host, port, first, onAnswer }: ConnectionPoolOptions): ConnectionPool {
  const idle: HttpConnection[] = []
  const all = new Set<HttpConnection>()
  const open = (): HttpConnection => {
    const connection = openConnection(host, port, {
      onAnswer: (answered, status) => {
        if (status > 0) idle.push(answered)
        else all.delete(answered)
        onAnswer(answered, status)
      },
      onIdleClose: (closed) => {
        all.delete(closed)
        idle.splice(idle.indexOf(closed), 1)
      }
    })
    all.add(connection)
    return connection
  }
  for (let count = 0; count < first; count++) idle.push(open())
  return {
    take: () => idle.pop() ?? open(),
    close: () => {
      for (const connection of all) connection.destroy()
    }
  }
}
