import type { FieldProblem } from '../errors.ts'
import { coverageOf } from './table-cells.ts'
import type { TableInput } from './table-inputs.ts'
import type { DecisionTable, TableCondition, TableOutput, TableStage } from './table-schema.ts'

const COMPARISONS = ['above', 'atLeast', 'below', 'atMost'] as const
const CHOICES = ['in', 'notIn'] as const

export interface TableChecks {
  readonly inputOf: (stage: TableStage, name: string) => TableInput | undefined
  /** Products that a condition on the product takes and whose limits do not know a segment. */
  readonly segmentless: (segment: string, ofProduct: Pick<TableCondition, 'in' | 'notIn'>) => readonly string[]
}

/**
 * What is wrong with the tables of a policy: inputs that do not exist or are asked as something else, outputs that do not
 * fit the stage, rows that nothing reaches, overlaps and gaps. Paths are JSON pointers into the policy.
 */
export function findTableProblems(tables: readonly DecisionTable[], checks: TableChecks): FieldProblem[] {
  return tables.flatMap((table, index) => {
    const path = `/tables/${index}`
    const problems: FieldProblem[] = []
    if (tables.findIndex(({ name }) => name === table.name) !== index)
      problems.push({ field: `${path}/name`, problem: `${table.name} stands twice` })
    table.rows.forEach(({ when, output }, row) => {
      const at = `${path}/rows/${row}`
      for (const [name, condition] of Object.entries(when))
        problems.push(...findConditionProblems(`${at}/when/${pointerOf(name)}`, name, condition, table.stage, checks))
      problems.push(...findOutputProblems(`${at}/output`, output, table.stage))
      const { segment } = output
      if (table.stage === 'limit' && segment !== undefined)
        for (const product of checks.segmentless(segment, when.product ?? {}))
          problems.push({ field: `${at}/output/segment`, problem: `limits of ${product} have no segment ${segment}` })
    })
    // Cases of inputs that are not known cannot be told.
    return problems.length > 0 ? problems : findCoverageProblems(path, table, checks)
  })
}

/** A JSON pointer has ~1 for a slash. */
function pointerOf(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

function findConditionProblems(
  field: string,
  name: string,
  condition: TableCondition,
  stage: TableStage,
  { inputOf }: TableChecks
): FieldProblem[] {
  const input = inputOf(stage, name)
  if (input === undefined) {
    const isLater = inputOf('limit', name) !== undefined
    return [{ field, problem: isLater ? `${name} is not known before the score` : `there is no input ${name}` }]
  }
  const wrong = input.kind === 'number' ? CHOICES : COMPARISONS
  const problems: FieldProblem[] = wrong
    .filter((operator) => condition[operator] !== undefined)
    .map((operator) => ({
      field: `${field}/${operator}`,
      problem: input.kind === 'number' ? `${name} is a number` : `${name} is no number`
    }))
  if (condition.missing === true && !input.mayBeMissing)
    problems.push({ field: `${field}/missing`, problem: `${name} is never missing` })
  if (input.kind === 'choice' && input.choices !== null) {
    const { choices } = input
    for (const operator of CHOICES) {
      condition[operator]?.forEach((value, index) => {
        if (!choices.includes(value))
          problems.push({ field: `${field}/${operator}/${index}`, problem: `${name} is never ${value}` })
      })
    }
  }
  return problems
}

function findOutputProblems(field: string, output: TableOutput, stage: TableStage): FieldProblem[] {
  const { action, reason, step, expiresInMinutes, attempts, limitShare, segment } = output
  const problems: FieldProblem[] = []
  const say = (name: string, problem: string) => problems.push({ field: `${field}/${name}`, problem })
  if (stage === 'limit') {
    for (const name of ['action', 'reason', 'step', 'expiresInMinutes', 'attempts'] as const)
      if (output[name] !== undefined) say(name, 'a table of limits gives limitShare or segment')
    return problems
  }
  if (limitShare !== undefined) say('limitShare', `stage ${stage} sets no limits`)
  if (segment !== undefined) say('segment', `stage ${stage} sets no limits`)
  if (action === undefined) return [...problems, { field: `${field}/action`, problem: 'is missing' }]
  if (action === 'PASS' && reason !== undefined) say('reason', 'what passes needs none')
  if (action !== 'PASS' && reason === undefined) say('reason', 'is missing')
  if (reason !== undefined) problems.push(...findReasonProblems(`${field}/reason`, reason, stage, action))
  const isStepUp = action === 'STEP_UP'
  for (const [name, value] of Object.entries({ step, expiresInMinutes, attempts })) {
    if (isStepUp && value === undefined) say(name, 'is missing: a check has a kind, an end and a number of attempts')
    if (!isStepUp && value !== undefined) say(name, 'belongs to STEP_UP')
  }
  return problems
}

/** Reasons of fraud and of credit are kept apart: an applicant refused for one is not told the other. */
function findReasonProblems(
  field: string,
  reason: NonNullable<TableOutput['reason']>,
  stage: TableStage,
  action: TableOutput['action']
): FieldProblem[] {
  const isOfFraud = /^R[45]/.test(reason)
  if (reason.startsWith('SYS_')) return [{ field, problem: 'a fault is no finding of a table' }]
  if (reason.startsWith('R9') && action === 'DECLINE')
    return [{ field, problem: 'what is not the applicant’s doing never declines' }]
  if (stage === 'fraud' && !isOfFraud) return [{ field, problem: 'a table of fraud gives reasons R4 and R5' }]
  if (stage !== 'fraud' && reason.startsWith('R5')) return [{ field, problem: 'reasons R5 belong to tables of fraud' }]
  return []
}

function findCoverageProblems(path: string, table: DecisionTable, { inputOf }: TableChecks): FieldProblem[] {
  const { rows, hitPolicy, complete, stage } = table
  const coverage = coverageOf(table, (name) => inputOf(stage, name) as TableInput)
  if (coverage === undefined) return [{ field: `${path}/rows`, problem: 'too many combinations to check: split it' }]
  const { reached, matched, overlap, gap } = coverage
  const problems: FieldProblem[] = rows.flatMap((_, row) => {
    if (!matched.has(row)) return [{ field: `${path}/rows/${row}`, problem: 'can never match' }]
    if (hitPolicy === 'first' && !reached.has(row))
      return [{ field: `${path}/rows/${row}`, problem: 'is unreachable: rows before it catch all that it matches' }]
    return []
  })
  if (hitPolicy === 'unique' && overlap !== undefined)
    problems.push({
      field: `${path}/rows/${overlap.rows[1]}`,
      problem: `overlaps row ${overlap.rows[0]}: ${overlap.example}`
    })
  if (complete === true && gap !== undefined) problems.push({ field: `${path}/rows`, problem: `leaves a gap: ${gap}` })
  return problems
}
