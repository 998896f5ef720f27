import type { FieldProblem } from '../errors.ts'
import type { StoredLetter } from '../inbox/dead-letters.ts'
import type { Letter } from '../inbox/letter.ts'

const COLUMNS = 100
const LABEL = 10
const MAX_TENANT = 12

/** Table of letters, each a line. */
export function listLines(letters: readonly StoredLetter[]): string[] {
  const rows = letters.map(({ id, letter }) => [
    id,
    writtenAt(id).slice(0, 16).replace('T', ' '),
    cut(letter?.tenant ?? '–', MAX_TENANT),
    letter?.reason ?? 'unreadable',
    letter === undefined ? '' : letter.isCorrected ? 'corrected: resend it' : listProblems(letter.problems)
  ])
  const all = [['ID', 'WRITTEN (UTC)', 'TENANT', 'REASON', 'WHAT'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => (row[column] as string).length)))
  return all.map((row) =>
    cut(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
      COLUMNS
    )
  )
}

/** Everything about one letter, and what to do next. */
export function showLines(id: string, letter: Letter): string[] {
  const { inboxId, tenant, reason, problems, event, tokens, removed, deliveries, chars, digest, isCorrected } = letter
  return [
    ...labelled('letter', `${id}, written ${writtenAt(id)}`),
    ...labelled('entry', `${inboxId}, written ${writtenAt(inboxId)}; tried ${deliveries} of 5 times`),
    ...labelled('tenant', tenant ?? 'none that could be one'),
    ...labelled('reason', reason),
    ...(isCorrected ? labelled('problems', 'none any more: it was corrected') : []),
    ...problems.flatMap((problem, index) => labelled(index === 0 ? 'problems' : '', describeProblem(problem))),
    ...(event === null
      ? labelled('event', `not kept: ${chars} characters that are no JSON object, token ${digest}`)
      : JSON.stringify(event, null, 2)
          .split('\n')
          .flatMap((line, index) => labelled(index === 0 ? 'event' : '', line))),
    ...(tokens.length > 0 ? labelled('tokens', `${tokens.join(', ')}: as in the log, they may stay`) : []),
    ...(removed.length > 0
      ? labelled('removed', `${removed.join(', ')}: may have named a person; give again or --unset`)
      : []),
    ...labelled('next', nextStep(id, letter))
  ]
}

function nextStep(id: string, { isCorrected, event, problems, reason }: Letter): string {
  if (isCorrected || reason === 'backlog' || reason === 'internal_error') return `assay deadletter resend ${id}`
  if (reason === 'unknown_tenant') return `assay keys create --tenant NAME, or deadletter fix ${id} --tenant NAME`
  if (event === null) return `assay deadletter fix ${id} --event FILE`
  const { field = '', problem } = problems.find((each) => each.field.startsWith('/')) ?? {}
  const change = problem === 'is not a known field' ? `--unset ${field}` : `--set ${field || '/FIELD'}=VALUE`
  return `assay deadletter fix ${id} ${change}`
}

export function problemLines(problems: readonly FieldProblem[]): string[] {
  return problems.flatMap((problem) => wrap(describeProblem(problem), COLUMNS - 2).map((line) => `  ${line}`))
}

/** When a stream id was given. */
export function writtenAt(id: string): string {
  return new Date(Number(id.split('-')[0])).toISOString()
}

function describeProblem({ field, problem }: FieldProblem): string {
  return field === '/' ? problem : `${field} ${problem}`
}

function listProblems(problems: readonly FieldProblem[]): string {
  const [first, ...others] = problems.map(describeProblem)
  return others.length === 0 ? (first ?? '') : `${first}; ${others.length} more`
}

function labelled(label: string, text: string): string[] {
  return wrap(text, COLUMNS - LABEL).map((line, index) => `${(index === 0 ? label : '').padEnd(LABEL)}${line}`)
}

function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`
}

/** Breaks at spaces; a word longer than a line is cut. Indentation stays. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let rest = text
  while (rest.length > columns) {
    const space = rest.lastIndexOf(' ', columns)
    const at = space > columns / 2 ? space : columns
    lines.push(rest.slice(0, at))
    rest = rest.slice(at).trimStart()
  }
  return [...lines, rest]
}
