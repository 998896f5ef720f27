import { PARTS } from './parts.ts'

/** JSON of each part that was measured, by its name. */
export type Measurements = Readonly<Record<string, unknown>>

export const BEGIN = '<!-- numbers: npm run numbers -- --write -->'
export const END = '<!-- numbers end -->'

/** Markdown: the machine in a line, then a row for each number of the parts. */
export function numbersTable(machine: string, measured: Measurements): string {
  const rows = PARTS.filter(({ name }) => Object.hasOwn(measured, name)).flatMap(({ name, command, rows: own }) =>
    own.map((row) => `| ${row.name} | ${row.value(measured[name])} | \`${command}\` |`)
  )
  return [machine, '', '| | measured | by |', '|---|---|---|', ...rows].join('\n')
}

/** `text` with the table in the place of the one before. @throws when the marks are not there, once each and in order. */
export function withNumbers(text: string, table: string): string {
  const [before, ...rest] = text.split(BEGIN)
  const [, after, ...more] = rest.join(BEGIN).split(END)
  if (rest.length !== 1 || after === undefined || more.length > 0)
    throw new Error(`${BEGIN} and ${END} must each be there once`)
  return `${before}${BEGIN}\n${table}\n${END}${after}`
}
