import type { AssayEvent } from '../domain/event.ts'
import type { FieldProblem } from '../errors.ts'
import type { BehaviourStore } from '../features/behaviour-store.ts'
import { judgeCandidate } from './correct.ts'
import type { DeadLetters, StoredLetter } from './dead-letters.ts'
import type { JudgeContext } from './judge.ts'

export type ResendOutcome =
  | { readonly kind: 'accepted'; readonly event: AssayEvent }
  | { readonly kind: 'refused'; readonly problems: readonly FieldProblem[] }
  | { readonly kind: 'full' }

export interface ResendDeps extends JudgeContext {
  readonly letters: Pick<DeadLetters, 'remove'>
  readonly append: BehaviourStore['append']
}

/**
 * Sends a dead letter through the checks of the inbox once more. It is removed once its event is in the log: a crash
 * between the two leaves a letter whose event counts already, and sending it again changes nothing, by the event’s id.
 */
export async function resend(deps: ResendDeps, { id, letter }: StoredLetter): Promise<ResendOutcome> {
  if (letter === undefined) return { kind: 'refused', problems: [{ field: '/', problem: 'is no letter' }] }
  const verdict = judgeCandidate(letter, deps)
  if (verdict.kind === 'refused') return verdict
  if ((await deps.append(verdict.event)) === 'full') return { kind: 'full' }
  await deps.letters.remove(id)
  return { kind: 'accepted', event: verdict.event }
}
