import { createHmac } from 'node:crypto'

/** A secret that is shared with one endpoint, and the id by which both sides name it. */
export interface SigningKey {
  readonly keyId: string
  readonly secret: string
}

export const SIGNATURE_HEADER = 'assay-signature'

/**
 * The value of the Assay-Signature header: `t=seconds`, then `kid=…,v1=…` for each key, the newest first. v1 is
 * HMAC-SHA-256 in hex over `t.body`, its key the secret as it was shown. Pure.
 */
export function signBody(keys: readonly SigningKey[], body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000)
  const signed = keys.map(({ keyId, secret }) => {
    const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
    return `,kid=${keyId},v1=${digest}`
  })
  return `t=${seconds}${signed.join('')}`
}
