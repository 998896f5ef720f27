import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { AssayError } from '../errors.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const VERSION = 'v1.'

/** Keeps a text such that only this service can read it, bound to where it belongs (`context`). */
export interface Seal {
  readonly close: (plain: string, context: string) => string
  /** @throws AssayError internal_error for what another key, another context or nobody sealed */
  readonly open: (sealed: string, context: string) => string
}

/**
 * AES-256-GCM under a key derived from TOKEN_KEY (HKDF-SHA-256), which is nowhere in Redis. Webhook secrets sign, so they
 * must be read again; a digest, as partner keys have, would not do.
 */
export function createSeal(tokenKeyHex: string): Seal {
  const key = Buffer.from(hkdfSync('sha256', Buffer.from(tokenKeyHex, 'hex'), '', 'assay webhook secrets v1', 32))
  return {
    close: (plain, context) => {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return VERSION + Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64url')
    },
    open: (sealed, context) => {
      try {
        if (!sealed.startsWith(VERSION)) throw new Error('another version')
        const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64url')
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES
        })
        decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES))
        const text = bytes.subarray(NONCE_BYTES, -TAG_BYTES)
        return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw new AssayError('internal_error', 'a webhook secret was sealed under another TOKEN_KEY', { cause })
      }
    }
  }
}
