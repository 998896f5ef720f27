import { hash } from 'node:crypto'

export type TokenKind = 'applicant' | 'device' | 'ip' | 'phone' | 'card' | 'nationalId' | 'email' | 'text'

/** 128 bits: no two identifiers of an installation meet. */
const TOKEN_CHARS = 22

export type Tokenise = (tenant: string, kind: TokenKind, normalised: string) => string

/**
 * Turns an identifier of a person into a token under a key that Redis never sees, because phone numbers and national ids
 * are few enough to be tried out against a plain hash. Tenants get different tokens for the same person.
 *
 * SHA3-256 over key and message, which for SHA-3 is a sound MAC by design and here takes less than half the time of an HMAC
 * (docs/decisions/0005; npm run bench:micro).
 */
export function createTokenise(keyHex: string): Tokenise {
  return (tenant, kind, normalised) =>
    hash('sha3-256', `${keyHex}|${tenant}|${kind}|${normalised}`, 'base64url').slice(0, TOKEN_CHARS)
}
