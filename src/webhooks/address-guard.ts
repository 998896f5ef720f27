import { BlockList, isIP } from 'node:net'

/** Not for the public internet by IANA’s special-purpose registry (RFC 6890 and later), or answering for a cloud’s host. */
const REFUSED_V4: readonly (readonly [network: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4]
]
/** Inside 2000::/3, outside of which nothing is public: protocol assignments with Teredo, 6to4, documentation. */
const REFUSED_V6: readonly (readonly [network: string, bits: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20]
]

const refusedV4 = new BlockList()
for (const [network, bits] of REFUSED_V4) refusedV4.addSubnet(network, bits, 'ipv4')
const refusedV6 = new BlockList()
for (const [network, bits] of REFUSED_V6) refusedV6.addSubnet(network, bits, 'ipv6')
const unicastV6 = new BlockList()
unicastV6.addSubnet('2000::', 3, 'ipv6')

/**
 * Whether an address is one of the public internet: no loopback, private, link-local, carrier-grade NAT, multicast,
 * metadata or documentation address, and no IPv6 form that carries an IPv4 address (mapped, 6to4, NAT64, Teredo).
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !refusedV4.check(address, 'ipv4')
  // A zone (fe80::1%eth0) never belongs to a public address.
  return family === 6 && !address.includes('%') && unicastV6.check(address, 'ipv6') && !refusedV6.check(address, 'ipv6')
}
