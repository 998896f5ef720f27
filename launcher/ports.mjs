import { createServer } from 'node:net'
import { Problem } from './problem.mjs'

/** Listens for a moment: the only honest answer to whether a port can be had. Port 0 asks for any. */
export function tryPort(port, host) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen({ port, host, exclusive: true }, () => {
      const taken = server.address().port
      server.close(() => resolve(taken))
    })
  })
}

export async function freePort(host = '127.0.0.1') {
  const port = await tryPort(0, host)
  if (port === null) throw new Problem(`No free port on ${host}.`)
  return port
}

/** The wanted port, or the next free one after it. `avoid` are ports promised to others that do not listen yet. */
export async function nextFreePort(wanted, { host = '127.0.0.1', avoid = [] } = {}) {
  for (let port = wanted; port < wanted + 100 && port < 65536; port++) {
    if (!avoid.includes(port) && (await tryPort(port, host)) !== null) return port
  }
  throw new Problem(`No free port between ${wanted} and ${wanted + 99} on ${host}.`)
}
