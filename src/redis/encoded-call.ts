import type { Socket } from 'node:net'
import { Command, type Redis } from 'ioredis'

export type CallArgument = string | Buffer | number

/**
 * FCALL, encoded in one piece: ioredis encodes argument by argument, each a Buffer of its own when one of them is binary,
 * and a batch has hundreds. Replies come as they are: Buffers and numbers.
 *
 * Strings must be ASCII; anything else goes in as a Buffer. A fault carries no arguments, so none can get into a log.
 */
export async function callFunction(
  redis: Redis,
  name: string,
  keys: readonly string[],
  args: readonly CallArgument[]
): Promise<unknown> {
  return sendEncoded(redis, 'fcall', encodeCall(['FCALL', name, keys.length], keys, args))
}

/** Sends a command that encodeCall() made; all of one turn go out in one write. `name` is for ioredis’ own book-keeping. */
export async function sendEncoded(redis: Redis, name: string, bytes: Buffer): Promise<unknown> {
  return redis.sendCommand(new EncodedCommand(name, bytes))
}

class EncodedCommand extends Command {
  readonly #bytes: Buffer

  constructor(name: string, bytes: Buffer) {
    super(name, [], {})
    this.#bytes = bytes
  }

  override toWritable(socket: object): Buffer {
    const { writableCorked, cork } = socket as Socket
    if (writableCorked === 0) {
      cork.call(socket)
      process.nextTick(() => (socket as Socket).uncork())
    }
    return this.#bytes
  }
}

/** A command as RESP. Everything between two Buffers is one string, written at once. */
export function encodeCall(...groups: readonly (readonly CallArgument[])[]): Buffer {
  const pieces: (string | Buffer)[] = []
  let bytes = 0
  let text = `*${groups.reduce((sum, { length }) => sum + length, 0)}\r\n`
  for (const group of groups) {
    for (const argument of group) {
      if (typeof argument !== 'object') {
        const plain = typeof argument === 'string' ? argument : String(argument)
        text += `$${plain.length}\r\n${plain}\r\n`
        continue
      }
      text += `$${argument.length}\r\n`
      pieces.push(text, argument)
      bytes += text.length + argument.length
      text = '\r\n'
    }
  }
  pieces.push(text)
  const encoded = Buffer.allocUnsafe(bytes + text.length)
  let offset = 0
  for (const piece of pieces) {
    if (typeof piece === 'string') encoded.write(piece, offset, 'latin1')
    else encoded.set(piece, offset)
    offset += piece.length
  }
  return encoded
}
