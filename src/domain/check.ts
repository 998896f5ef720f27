import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { timeProblem } from './event-time.ts'

export interface Problem {
  readonly field: string
  readonly problem: string
}

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly Problem[] }

const MAX_PROBLEMS = 16

/** Compiles a schema to a check that says which field is wrong and why. For what does not come through Fastify. */
export function compileCheck<Schema extends TSchema>(schema: Schema): (value: unknown) => Checked<Static<Schema>> {
  const validator = Compile(schema)
  return (value) => {
    if (validator.Check(value)) return { ok: true, value: value as Static<Schema> }
    const errors = [...validator.Errors(value)].slice(0, MAX_PROBLEMS)
    return { ok: false, problems: errors.flatMap(describe) }
  }
}

interface SchemaError {
  readonly keyword: string
  readonly instancePath: string
  readonly message: string
  readonly params: object
}

function describe({ keyword, instancePath, message, params }: SchemaError): Problem[] {
  const { requiredProperties, additionalProperties, allowedValues, limit } = params as {
    requiredProperties?: string[]
    additionalProperties?: string[]
    allowedValues?: unknown[]
    limit?: unknown
  }
  if (keyword === 'required' && requiredProperties !== undefined) {
    return requiredProperties.map((name) => ({ field: `${instancePath}/${name}`, problem: 'is missing' }))
  }
  if (keyword === 'additionalProperties' && additionalProperties !== undefined) {
    return additionalProperties.map((name) => ({ field: `${instancePath}/${name}`, problem: 'is not a known field' }))
  }
  if (keyword === 'enum' && allowedValues !== undefined) {
    return [{ field: instancePath, problem: `must be one of ${allowedValues.join(', ')}` }]
  }
  if (keyword === 'boolean') return []
  return [{ field: instancePath === '' ? '/' : instancePath, problem: timeProblem(keyword, limit) ?? message }]
}
