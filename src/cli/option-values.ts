import { compileCheck } from '../domain/check.ts'
import { TenantSchema } from '../domain/ids.ts'
import { createTokenise, type Tokenise } from '../edge/tokens.ts'
import { AssayError } from '../errors.ts'
import { type CommandArgs, required, UsageError } from './command.ts'

const checkTenant = compileCheck(TenantSchema)

/** A whole number of an option; `fallback` when it is not given. */
export function wholeNumber(
  values: CommandArgs['values'],
  name: string,
  { from, to, fallback }: { readonly from: number; readonly to: number; readonly fallback: number }
): number {
  const value = values[name]
  if (value === undefined) return fallback
  const number = Number(value)
  if (typeof value === 'string' && /^\d{1,15}$/.test(value) && number >= from && number <= to) return number
  throw new UsageError(`--${name} takes a whole number from ${from} to ${to}`)
}

/** Every value of an option that may be given again and again. */
export function listOf(values: CommandArgs['values'], name: string): string[] {
  const value = values[name]
  return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String)
}

/** The partner that --tenant names. @throws UsageError without one, or for what cannot be one */
export function tenantOf(values: CommandArgs['values']): string {
  const tenant = required(values, 'tenant')
  if (checkTenant(tenant).ok) return tenant
  throw new UsageError('--tenant takes lower-case letters, digits and -, at most 32')
}

/** Tokens as the HTTP edge makes them. @throws AssayError config_invalid without the key */
export function tokensOf({ TOKEN_KEY }: CommandArgs['env']): Tokenise {
  if (TOKEN_KEY !== undefined && /^[0-9a-f]{64}$/.test(TOKEN_KEY)) return createTokenise(TOKEN_KEY)
  const problems = [{ field: 'TOKEN_KEY', problem: TOKEN_KEY ? 'is no 32 bytes in hex' : 'is not set' }]
  throw new AssayError('config_invalid', 'the key of the gateway makes the tokens', { problems })
}
