import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { policySchemaText } from '../../docs/write-policy-schema.ts'
import { BINDING_CONSTRAINTS } from '../../src/domain/decision.ts'
import { CATALOGUE } from '../../src/features/catalogue.ts'
import { StepsSchema } from '../../src/policy/steps.ts'
import { createInputs } from '../../src/policy/table-inputs.ts'
import { problemsOf } from '../policy/policy-file.ts'

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const TEXT = read('docs/policy.md')
const FEATURES = CATALOGUE.map(({ name }) => name)

/** Cells of the table whose head begins with this cell. */
function rowsOf(head: string): string[][] {
  const table = new RegExp(`^\\| ${head} \\|.*\\n\\|(?:---\\|)+\\n((?:\\|.*\\n)+)`, 'm').exec(TEXT)?.[1] ?? ''
  return table
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', ''))
        .slice(1, -1)
    )
}

test('docs/policy-schema.json is what npm run docs:policy writes', () => {
  expect(read('docs/policy-schema.json')).toBe(policySchemaText())
})

test('the example of docs/policy.md is a part of a policy that loads', async () => {
  const example = /```json policy\n([\s\S]*?)```/.exec(TEXT)?.[1] ?? ''
  const baseline = JSON.parse(read('policies/baseline.json'))
  expect(await problemsOf({ ...baseline, ...JSON.parse(example) }, FEATURES)).toEqual([])
})

test('docs/policy.md has the steps, the constraints and the inputs that there are', () => {
  expect(rowsOf('step').map(([step]) => step)).toEqual(Object.keys(StepsSchema.properties))
  expect(
    rowsOf('bindingConstraint')
      .map(([name]) => name)
      .toSorted()
  ).toEqual(BINDING_CONSTRAINTS.toSorted())
  const inputOf = createInputs([], ['A'])
  for (const [name = '', kind, missing, stages] of rowsOf('input').slice(1)) {
    const input = inputOf('credit', name)
    expect([name, input?.kind, input?.mayBeMissing]).toEqual([name, kind, missing !== 'never'])
    expect([name, inputOf('fraud', name) !== undefined]).toEqual([name, stages === 'all'])
  }
})

test('every policy of the release is one', async () => {
  const files = readdirSync(new URL('../../policies/', import.meta.url)).filter((name) =>
    /^baseline.*\.json$/.test(name)
  )
  for (const file of files) expect(await problemsOf(JSON.parse(read(`policies/${file}`)), FEATURES)).toEqual([])
})
