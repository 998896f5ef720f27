import { createHmac, createSecretKey } from 'node:crypto'

export type TokenKind = 'applicant' | 'device' | 'ip' | 'phone' | 'card' | 'nationalId' | 'email'

/** 128 bits of the HMAC: no two identifiers of an installation meet. */
const TOKEN_CHARS = 22

export type Tokenise = (tenant: string, kind: TokenKind, normalised: string) => string

/**
 * Turns an identifier of a person into a token: HMAC-SHA-256 under a key that Redis never sees, because phone numbers and
 * national ids are few enough to be tried out against a plain hash. Tenants get different tokens for the same person.
 */
export function createTokenise(keyHex: string): Tokenise {
  const key = createSecretKey(Buffer.from(keyHex, 'hex'))
  return (tenant, kind, normalised) =>
    createHmac('sha256', key).update(`${tenant}|${kind}|${normalised}`).digest('base64url').slice(0, TOKEN_CHARS)
}
