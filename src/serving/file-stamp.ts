import { stat } from 'node:fs/promises'

/** Another text whenever a file was written, replaced or removed. Never throws. */
export async function stampOfFile(file: URL): Promise<string> {
  try {
    const { mtimeNs, ctimeNs, size, ino } = await stat(file, { bigint: true })
    return `${mtimeNs} ${ctimeNs} ${size} ${ino}`
  } catch {
    return 'absent'
  }
}
