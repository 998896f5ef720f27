type Measured = number | null | undefined

const text = (value: Measured, write: (finite: number) => string): string =>
  typeof value === 'number' && Number.isFinite(value) ? write(value) : '?'

/** Numbers as the table shows them; one that was not had is `?`, never 0. */
export const whole = (value: Measured) => text(value, (finite) => Math.round(finite).toLocaleString('en-US'))
export const ratio = (value: Measured) => text(value, (finite) => finite.toFixed(2))
export const milliseconds = ratio
export const micros = (value: Measured) =>
  text(value, (finite) => (finite >= 100 ? whole(finite) : finite.toFixed(finite >= 10 ? 0 : 1)))
export const percent = (value: Measured) => text(value, (finite) => `${(100 * finite).toFixed(1)} %`)
