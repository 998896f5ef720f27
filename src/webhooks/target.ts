import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { isPublicAddress } from './address-guard.ts'

export const MAX_URL_LENGTH = 512

export interface Address {
  readonly address: string
  readonly family: number
}

/** What an endpoint may be. `public`: https to the public internet. `any`: development and tests. */
export type TargetRule = 'public' | 'any'

export type TargetProblem = 'not a URL' | 'must be https' | 'must hold no credentials' | 'is not a public address'

/** What is wrong with an endpoint’s URL as it is written; its name may still resolve to a private address. */
export function targetProblem(text: string, rule: TargetRule): TargetProblem | undefined {
  const url = text.length <= MAX_URL_LENGTH ? URL.parse(text) : null
  if (url === null) return 'not a URL'
  if (url.protocol !== 'https:' && !(rule === 'any' && url.protocol === 'http:')) return 'must be https'
  if (url.username !== '' || url.password !== '') return 'must hold no credentials'
  const host = hostOf(url)
  return rule === 'public' && isIP(host) !== 0 && !isPublicAddress(host) ? 'is not a public address' : undefined
}

export type Resolve = (host: string) => Promise<readonly Address[]>

export const resolveByDns: Resolve = (host) => lookup(host, { all: true })

/**
 * The address to connect to. One refused address among a name’s refuses them all: whoever answers so has something in mind.
 *
 * @throws what the resolver throws
 */
export async function findAddress(url: URL, rule: TargetRule, resolve: Resolve): Promise<Address | 'refused'> {
  const host = hostOf(url)
  const family = isIP(host)
  const addresses = family === 0 ? await resolve(host) : [{ address: host, family }]
  const [first] = addresses
  if (first === undefined) return 'refused'
  return rule === 'any' || addresses.every(({ address }) => isPublicAddress(address)) ? first : 'refused'
}

/** The host without the brackets of an IPv6 address. */
function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}
