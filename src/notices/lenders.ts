import { readFile } from 'node:fs/promises'
import { type Static, Type } from 'typebox'
import { compileCheck } from '../domain/check.ts'
import { AssayError } from '../errors.ts'

const strict = { additionalProperties: false } as const
const TextSchema = Type.String({ minLength: 1, maxLength: 200 })
const BothSchema = Type.Object({ zh: TextSchema, en: TextSchema }, strict)
const ContactSchema = Type.Object({ phone: TextSchema, email: TextSchema }, strict)

const LenderSchema = Type.Object(
  {
    name: BothSchema,
    contact: ContactSchema,
    complaints: ContactSchema,
    sources: Type.Array(Type.Object({ name: BothSchema, contact: ContactSchema }, strict), {
      maxItems: 16,
      description: 'Who else gave data that decisions use, such as a credit bureau'
    })
  },
  { ...strict, description: 'Whom a borrower can turn to' }
)
export type Lender = Static<typeof LenderSchema>

const LendersSchema = Type.Object({ default: LenderSchema, tenants: Type.Record(Type.String(), LenderSchema) }, strict)
const check = compileCheck(LendersSchema)

/** Where a release keeps the contacts of lenders. */
export const LENDERS = new URL('../../policies/notices/lenders.json', import.meta.url)

/**
 * Reads the contacts of lenders.
 *
 * @throws AssayError config_invalid with the file and every problem found
 */
export async function loadLenders(file: URL = LENDERS): Promise<(tenant: string) => Lender> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new AssayError('config_invalid', `${file.pathname}: it cannot be read as JSON`, { cause })
  }
  const checked = check(value)
  if (!checked.ok) throw new AssayError('config_invalid', file.pathname, { problems: checked.problems })
  const { tenants, ...lenders } = checked.value
  return (tenant) => (Object.hasOwn(tenants, tenant) ? (tenants[tenant] as Lender) : lenders.default)
}
