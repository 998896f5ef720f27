import { expect } from 'vitest'
import type { DecisionRequest } from '../../src/domain/application.ts'
import type { Decision } from '../../src/domain/decision.ts'
import type { ReviewEvent } from '../../src/domain/review-event.ts'
import { createReviewRelay } from '../../src/reviews/review-relay.ts'
import { application, postDecision, type TestApp } from './app.ts'

export type Authorization = { readonly authorization: string }

/** A probability in the band that refers (D), and in the one that declines (E). */
export const REFERRED_PD = 0.3
export const DECLINED_PD = 0.9

/** What the outbox still has to tell, of every partition. */
export async function outboxOf({ redis, keys }: TestApp): Promise<Record<string, unknown>[]> {
  const partitions = Array.from({ length: 64 }, (_, partition) => redis.xrange(keys.outbox(partition), '-', '+'))
  return (await Promise.all(partitions)).flat().map(([, [, json]]) => JSON.parse(json as string))
}

/** Does what the monitor does for reviews, with everything that is in the outbox. */
export async function relayReviews(
  service: TestApp,
  emit?: Parameters<typeof createReviewRelay>[0]['emit']
): Promise<void> {
  const relay = createReviewRelay({ reviews: service.reviews, emit })
  for (const entry of await outboxOf(service)) if ('kind' in entry) await relay(entry as ReviewEvent)
}

/** Decides one application, and puts it before a person if it was referred. */
export async function decideOne(service: TestApp, changes: Partial<DecisionRequest> = {}): Promise<Decision> {
  const answer = await postDecision(service, application(changes))
  expect(answer.statusCode, answer.body).toBe(200)
  await relayReviews(service)
  return answer.json()
}

export function send({ app }: TestApp, method: 'GET' | 'POST', url: string, who: Authorization, payload?: object) {
  return app.inject({ method, url, headers: { ...who }, ...(payload && { payload }) })
}

/** What a reviewer does to a decision: claim, approve, decline, return. */
export function act(service: TestApp, who: Authorization, decisionId: string, action: string, payload?: object) {
  return send(service, 'POST', `/v1/reviews/${decisionId}/${action}`, who, payload)
}

/** Status and code of a problem, or the status alone. */
export function told(answer: { readonly statusCode: number; readonly json: () => { code?: string } }) {
  return answer.statusCode < 400 ? answer.statusCode : `${answer.statusCode} ${answer.json().code}`
}
