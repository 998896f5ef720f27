import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isPublicAddress } from '../../src/webhooks/address-guard.ts'
import { findAddress, targetProblem } from '../../src/webhooks/target.ts'

const REFUSED = {
  'this host': ['0.0.0.0', '0.1.2.3', '::'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  private: ['10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', 'fc00::1', 'fdff::1'],
  'link-local': ['169.254.0.1', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1'],
  'metadata services': [
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    '168.63.129.16',
    'fd00:ec2::254',
    'fd20:ce::254'
  ],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.255'],
  'multicast and broadcast': ['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', 'ff02::1'],
  'documentation and benchmarks': [
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.1',
    '198.18.0.1',
    '198.19.255.255',
    '2001:db8::1',
    '3fff::1'
  ],
  'protocol assignments': ['192.0.0.8', '192.88.99.1', '2001::1', '2001:10::1'],
  'IPv6 that carries IPv4': [
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '2002:7f00:1::1',
    '2001:0:7f00:1::1'
  ],
  'what is no address': ['', 'localhost', '127.1', '0x7f000001', '2130706433', '127.0.0.1 ', '1.1.1.1.1', '::g']
}

describe('an address that no webhook goes to', () => {
  test.each(Object.entries(REFUSED))('%s', (_kind, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([])
  })

  test('is every one of the private networks, and none beside them', () => {
    const octet = fc.integer({ min: 0, max: 255 })
    const privateNetwork = fc.oneof(
      fc.tuple(fc.constant(10), octet, octet, octet),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet),
      fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
      fc.tuple(fc.constant(127), octet, octet, octet),
      fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), octet, octet)
    )
    fc.assert(fc.property(privateNetwork, (octets) => !isPublicAddress(octets.join('.'))))
    const mapped = fc.tuple(octet, octet, octet, octet).map((octets) => `::ffff:${octets.join('.')}`)
    fc.assert(fc.property(mapped, (address) => !isPublicAddress(address)))
  })
})

test.each([
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '192.169.0.0',
  '169.253.255.255',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2a00:1450:4001:81b::200e',
  '2400:3200::1'
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

describe('the URL of an endpoint', () => {
  test.each([
    ['http://partner.example/hooks', 'must be https'],
    ['ftp://partner.example/', 'must be https'],
    ['file:///etc/passwd', 'must be https'],
    ['https://user:secret@partner.example/', 'must hold no credentials'],
    ['partner.example', 'not a URL'],
    [`https://partner.example/${'x'.repeat(512)}`, 'not a URL'],
    ['https://127.0.0.1/', 'is not a public address'],
    ['https://2130706433/', 'is not a public address'],
    ['https://0x7f.1/', 'is not a public address'],
    ['https://0177.0.0.1/', 'is not a public address'],
    ['https://127.1/', 'is not a public address'],
    ['https://①②⑦.0.0.1/', 'is not a public address'],
    ['https://[::1]/', 'is not a public address'],
    ['https://[::ffff:169.254.169.254]/', 'is not a public address'],
    ['https://169.254.169.254/latest/meta-data/', 'is not a public address']
  ])('%s %s', (url, problem) => {
    expect(targetProblem(url, 'public')).toBe(problem)
  })

  test('is taken over https to a name or a public address, and over http where private addresses are allowed', () => {
    for (const url of ['https://partner.example/hooks?k=1', 'https://1.1.1.1:8443/', 'https://[2606:4700::1]/'])
      expect(targetProblem(url, 'public')).toBeUndefined()
    expect(targetProblem('http://127.0.0.1:1/', 'any')).toBeUndefined()
    expect(targetProblem('ftp://127.0.0.1/', 'any')).toBe('must be https')
  })

  test.each([
    ['a private address', ['10.0.0.1']],
    ['a public and a private one', ['1.1.1.1', '127.0.0.1']],
    ['no address', []]
  ])('is refused when its name resolves to %s', async (_what, addresses) => {
    const resolve = async () => addresses.map((address) => ({ address, family: 4 }))
    expect(await findAddress(new URL('https://partner.example/'), 'public', resolve)).toBe('refused')
  })
})
