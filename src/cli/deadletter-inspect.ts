import { createDeadLetters, type StoredLetter } from '../inbox/dead-letters.ts'
import { type DeadLetterCall, findLetter, findStored, limitOf, noLetter } from './deadletter-call.ts'
import { listLines, showLines, writtenAt } from './deadletter-text.ts'

/** assay deadletter list */
export async function listLetters(call: DeadLetterCall): Promise<void> {
  const { redis, keys, values, print } = call
  const limit = limitOf(call)
  const found: StoredLetter[] = []
  let more = 0
  for await (const stored of createDeadLetters(redis, keys).all()) {
    if (values.tenant !== undefined && stored.letter?.tenant !== values.tenant) continue
    if (found.length < limit) found.push(stored)
    else more++
  }
  if (values.json === true) {
    for (const stored of found) print(toJson(stored))
    return
  }
  if (found.length === 0) return print('no dead letters')
  for (const line of listLines(found)) print(line)
  if (more > 0) print(`and ${more} more: --limit ${found.length + more} shows all`)
}

/** assay deadletter show */
export async function showLetter({ redis, keys, values, id, print }: DeadLetterCall): Promise<void> {
  const stored = await findLetter(createDeadLetters(redis, keys), id)
  if (values.json === true) print(toJson(stored))
  else for (const line of showLines(stored.id, stored.letter)) print(line)
}

/** assay deadletter drop */
export async function dropLetter({ redis, keys, id, print }: DeadLetterCall): Promise<void> {
  const letters = createDeadLetters(redis, keys)
  await findStored(letters, id)
  if (!(await letters.remove(id))) throw noLetter(id)
  print(`dropped ${id}: its event never counts unless it is sent anew`)
}

function toJson({ id, letter }: StoredLetter): string {
  return JSON.stringify({ id, writtenAt: writtenAt(id), ...letter })
}
