import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSender, type SenderOptions } from '../../src/webhooks/send.ts'
import { resolveByDns } from '../../src/webhooks/target.ts'
import { workFolder } from '../cli/run-command.ts'
import { startReceiver } from './receiver.ts'

const sender = (options: Partial<SenderOptions> = {}) =>
  createSender({ rule: 'any', resolve: resolveByDns, timeoutMs: 5000, ...options })
const resolveTo = (...addresses: string[]) => {
  const asked: string[] = []
  const resolve = async (host: string) => {
    asked.push(host)
    return [{ address: addresses[Math.min(asked.length, addresses.length) - 1] as string, family: 4 }]
  }
  return { asked, resolve }
}

describe('sending to an endpoint', () => {
  test('posts the body with its headers and gives back the status', async () => {
    const receiver = await startReceiver()
    const answered = await sender()(receiver.url, { 'assay-event-id': 'evt' }, '{"é":1}')
    expect(answered).toEqual({ kind: 'answered', status: 204 })
    expect(receiver.received).toMatchObject([
      {
        body: '{"é":1}',
        headers: { 'assay-event-id': 'evt', 'content-type': 'application/json', 'content-length': '8' }
      }
    ])
  })

  test.each([301, 302, 307, 308])('does not follow a %i', async (status) => {
    const [receiver, other] = [await startReceiver(), await startReceiver()]
    receiver.answers.push((_request, response) => response.writeHead(status, { location: other.url }).end())
    expect(await sender()(receiver.url, {}, '{}')).toEqual({ kind: 'answered', status })
    expect(other.received).toEqual([])
  })

  test('goes to the very address that was checked, though the name answers differently a moment later', async () => {
    const receiver = await startReceiver('127.0.0.1')
    const { asked, resolve } = resolveTo('127.0.0.1', '127.0.0.2')
    const url = `http://partner.example:${receiver.port}/`
    expect(await sender({ resolve })(url, {}, '{}')).toEqual({ kind: 'answered', status: 204 })
    expect(asked, 'resolved once').toEqual(['partner.example'])
    expect(receiver.received[0]?.headers.host).toBe(`partner.example:${receiver.port}`)
  })

  test.each(['https://127.0.0.1:PORT/', 'https://localhost:PORT/', 'https://[::1]:PORT/', 'http://127.0.0.1:PORT/'])(
    'opens no connection to %s unless private addresses are allowed',
    async (template) => {
      const receiver = await startReceiver()
      let connections = 0
      receiver.server.on('connection', () => connections++)
      const refused = await sender({ rule: 'public' })(template.replace('PORT', `${receiver.port}`), {}, '{}')
      expect(refused).toEqual({ kind: 'failed', failure: 'address_refused' })
      expect(connections).toBe(0)
    }
  )

  test('reads no more of an answer than its bound, and the status counts', async () => {
    const receiver = await startReceiver()
    const { promise: cut, resolve } = Promise.withResolvers<void>()
    receiver.answers.push((_request, response) => {
      response.on('close', resolve)
      response.writeHead(200)
      const more = () => {
        while (response.write('x'.repeat(16_384)) && !response.destroyed);
      }
      response.on('drain', more)
      more()
    })
    expect(await sender()(receiver.url, {}, '{}')).toEqual({ kind: 'answered', status: 200 })
    await cut
  })

  test('gives up on a server that does not answer, and on a name that is never looked up', async () => {
    const receiver = await startReceiver()
    receiver.answers.push(() => {})
    const quick = { timeoutMs: 50 }
    expect(await sender(quick)(receiver.url, {}, '{}')).toEqual({ kind: 'failed', failure: 'timeout' })
    const resolve = () => new Promise<never>(() => {})
    const hangs = await sender({ ...quick, resolve })('http://partner.example/', {}, '{}')
    expect(hangs).toEqual({ kind: 'failed', failure: 'timeout' })
  })

  test('tells an unknown name from a refused connection', async () => {
    const resolve = () => Promise.reject(new Error('ENOTFOUND'))
    const unknown = await sender({ resolve })('http://partner.example/', {}, '{}')
    expect(unknown).toEqual({ kind: 'failed', failure: 'name_unknown' })
    const receiver = await startReceiver()
    receiver.answers.push((request) => request.socket.destroy())
    expect(await sender()(receiver.url, {}, '{}')).toEqual({ kind: 'failed', failure: 'connection' })
  })
})

describe.skipIf(!hasOpenssl())('over TLS', () => {
  test('the certificate must be of the name, by a trusted authority', async () => {
    const { key, cert } = await selfSigned('partner.example')
    const server = createTlsServer({ key, cert }, (_request, response) => response.writeHead(200).end())
    const { promise, resolve: listening } = Promise.withResolvers<void>()
    server.listen(0, '127.0.0.1', listening)
    await promise
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const { resolve } = resolveTo('127.0.0.1')
    const post = (host: string, ca?: string) => sender({ resolve, ca })(`https://${host}:${port}/`, {}, '{}')
    expect(await post('partner.example', cert)).toEqual({ kind: 'answered', status: 200 })
    const failed = { kind: 'failed', failure: 'connection' }
    expect(await post('partner.example'), 'nobody vouches for it').toEqual(failed)
    expect(await post('other.example', cert), 'another name').toEqual(failed)
  })
})

function hasOpenssl(): boolean {
  try {
    return execFileSync('openssl', ['version'], { stdio: 'pipe' }).length > 0
  } catch {
    return false
  }
}

async function selfSigned(name: string) {
  const folder = await workFolder()
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...newKey, ...subject, '-out', cert], { stdio: 'pipe' })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}
