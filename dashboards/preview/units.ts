import type { Unit } from '../src/grafana.ts'

const PREFIXES = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'K']
] as const
const SECONDS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
  [1e-3, 'ms'],
  [1e-6, 'µs']
] as const
const LEAST_SHARE = 0.0001
const RATE = { reqps: ' req/s', cps: '/s' } as const

/** A value as Grafana shows it: three digits and a unit that fits. */
export function withUnit(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return '–'
  switch (unit) {
    case 's': {
      const [size, name] = SECONDS.find(([least]) => Math.abs(value) >= least) ?? [1, 's']
      return `${digits(value / size)} ${name}`
    }
    case 'percentunit':
      return Math.abs(value) < LEAST_SHARE && value !== 0 ? '< 0.01 %' : `${digits(value * 100)} %`
    case 'bytes':
      return scaled(value, 'B', ' ')
    case 'reqps':
    case 'cps':
      return `${scaled(value, '', '')}${RATE[unit]}`
    case 'short':
    case 'none':
      return scaled(value, '', '')
  }
}

function scaled(value: number, name: string, gap: string): string {
  const [size, prefix] = PREFIXES.find(([least]) => Math.abs(value) >= least) ?? [1, '']
  return `${digits(value / size)}${prefix || name ? gap : ''}${prefix}${name}`
}

function digits(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 6 })
}
