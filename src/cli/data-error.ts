/** A row of an input file that cannot be used: names the file, the line, the column or field and the cause. */
export class DataError extends Error {
  constructor(file: string, line: number | undefined, problem: string, cause?: unknown) {
    super(
      `${file}${line === undefined ? '' : `, line ${line}`}: ${problem}`,
      cause === undefined ? undefined : { cause }
    )
    this.name = 'DataError'
  }
}

/** What went wrong with a whole file, in words: it is missing, it is no gzip… */
export function fileError(file: string, error: unknown): Error {
  if (error instanceof DataError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return new DataError(file, undefined, 'there is no such file', error)
  if (code === 'EISDIR') return new DataError(file, undefined, 'is a folder, not a file', error)
  if (code === 'Z_DATA_ERROR' || code === 'Z_BUF_ERROR')
    return new DataError(file, undefined, `is no whole gzip file: ${message}`, error)
  return error instanceof Error
    ? new DataError(file, undefined, message, error)
    : new DataError(file, undefined, String(error))
}
