import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Problem } from './problem.mjs'

const CRLF = '\r\n'

/** The URL with its password hidden, fit for a message. */
export function safeUrl(url) {
  return url.replace(/\/\/([^@/]*)@/, '//***@')
}

/**
 * Sends a few commands over a socket of their own and returns the replies. Enough of the protocol to ask a server who
 * it is, before any package is installed.
 */
export function askRedis(url, commands, { deadlineMs = 3000 } = {}) {
  const { host, port, tls, auth } = parseRedisUrl(url)
  const all = auth ? [auth, ...commands] : commands
  return new Promise((resolve, reject) => {
    const socket = tls ? connectTls({ host, port, servername: host }) : connect({ host, port })
    const timer = setTimeout(() => finish(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs)
    let received = Buffer.alloc(0)

    const finish = (error, replies) => {
      clearTimeout(timer)
      socket.destroy()
      if (error) reject(error)
      else resolve(replies)
    }
    socket.on('error', finish)
    socket.on('close', () => finish(new Error('the connection was closed')))
    socket.on(tls ? 'secureConnect' : 'connect', () => socket.write(all.map(encode).join('')))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const replies = decodeAll(received, all.length)
      if (replies === null) return
      const refused = replies.find((reply) => reply instanceof Error)
      if (refused) finish(refused)
      else finish(null, auth ? replies.slice(1) : replies)
    })
  })
}

export function parseRedisUrl(url) {
  let parsed
  try {
    parsed = new URL(url)
  } catch {
    throw new Problem('REDIS_URL is not a URL; it looks like redis://user:password@host:6379/0')
  }
  if (parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:') {
    throw new Problem(`REDIS_URL begins with ${parsed.protocol}//; it must be redis:// or rediss://`)
  }
  const [user, password] = [parsed.username, parsed.password].map(decodeURIComponent)
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: parsed.port ? Number(parsed.port) : 6379,
    tls: parsed.protocol === 'rediss:',
    auth: password ? ['AUTH', ...(user ? [user] : []), password] : null
  }
}

function encode(command) {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}${CRLF}${part}${CRLF}`)
  return `*${command.length}${CRLF}${parts.join('')}`
}

function decodeAll(buffer, count) {
  const replies = []
  let offset = 0
  while (replies.length < count) {
    const reply = decode(buffer, offset)
    if (reply === null) return null
    replies.push(reply.value)
    offset = reply.end
  }
  return replies
}

/** One reply of RESP2 from `offset`, or null while it is incomplete. */
function decode(buffer, offset) {
  const lineEnd = buffer.indexOf(CRLF, offset)
  if (lineEnd === -1) return null
  const type = String.fromCharCode(buffer[offset])
  const line = buffer.toString('utf8', offset + 1, lineEnd)
  const end = lineEnd + 2
  if (type === '-') return { value: new Error(line), end }
  if (type === '$' && line !== '-1') {
    const last = end + Number(line)
    return buffer.length < last + 2 ? null : { value: buffer.toString('utf8', end, last), end: last + 2 }
  }
  if (type === '*') return decodeArray(buffer, end, Number(line))
  return { value: type === ':' ? Number(line) : line, end }
}

function decodeArray(buffer, start, length) {
  const value = []
  let end = start
  while (value.length < length) {
    const item = decode(buffer, end)
    if (item === null) return null
    value.push(item.value)
    end = item.end
  }
  return { value, end }
}
