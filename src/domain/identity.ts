/**
 * One spelling per identifier, so that one person, card or address has one token. Pure; the result is plain text and
 * must not leave the edge (src/edge).
 */
export function normalisePhone(phone: string): string {
  const digits = phone.replace(/[^0-9]/g, '')
  return digits.startsWith('00') ? digits.slice(2) : digits
}

export function normaliseCard(card: string): string {
  return card.replace(/[^0-9]/g, '')
}

export function normaliseNationalId(id: string): string {
  return id.replace(/[ .-]/g, '').toUpperCase()
}

export function normaliseEmail(email: string): string {
  return email.normalize('NFKC').toLowerCase()
}

/** IPv4 whole, IPv6 by /64: a household or phone changes the lower half at will. Undefined when it is no address. */
export function normaliseIp(ip: string): string | undefined {
  if (!ip.includes(':')) return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(ip) ? ip : undefined
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)
  if (mapped?.[1] !== undefined) return normaliseIp(mapped[1])
  return ipv6Network(ip.toLowerCase())
}

function ipv6Network(ip: string): string | undefined {
  const halves = ip.split('::')
  if (halves.length > 2) return undefined
  const head = halves[0] === '' ? [] : (halves[0] as string).split(':')
  const tail = halves.length === 1 || halves[1] === '' ? [] : (halves[1] as string).split(':')
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array<string>(halves.length === 1 ? 0 : missing).fill('0'), ...tail]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return undefined
  const numbers = groups.map((group) => Number.parseInt(group, 16))
  const [high, low] = [numbers[6] as number, numbers[7] as number]
  const isMapped = numbers.slice(0, 5).every((number) => number === 0) && numbers[5] === 0xffff
  if (isMapped) return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  return `${numbers
    .slice(0, 4)
    .map((number) => number.toString(16))
    .join(':')}::/64`
}
