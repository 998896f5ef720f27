import { writeFileSync } from 'node:fs'
import { PolicySchema } from '../src/policy/schema.ts'

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

/** The JSON Schema of a policy file, for editors and for whoever writes one. */
export const policySchemaText = (): string =>
  `${JSON.stringify({ $schema: DIALECT, title: 'Policy', ...PolicySchema }, null, 2)}\n`

if (import.meta.main) writeFileSync(new URL('policy-schema.json', import.meta.url), policySchemaText())
