import type { Application } from '../domain/application.ts'
import type { EvidenceSoFar } from '../domain/evidence.ts'
import type { ScorecardScore } from '../inference/scorecard.ts'
import type { Scorer } from '../inference/scorer.ts'
import type { Assessment, Decide as DecideByPolicy, Verdict } from '../policy/engine.ts'
import type { AnswerContext } from './answer.ts'
import type { ExposureReading } from './exposure.ts'

/** All that one model decides with, so that no decision mixes two. */
export interface Serving {
  /** Picks the inputs of the model, then those of the fraud model where there is one. */
  readonly toVector: (values: Float64Array) => Float32Array
  readonly scorer: Pick<Scorer, 'score'>
  /** The same person’s score by the scorecard, from the same features; null where the model ships none. */
  readonly scorecard: ((values: Float64Array) => ScorecardScore) | null
  readonly decideByPolicy: DecideByPolicy
  readonly answerContext: AnswerContext
}

/** A decision that was made, for what looks at it afterwards. */
export interface Made {
  readonly application: Application
  readonly decisionId: string
  /** Whose score it is: version@sha256 of the network. */
  readonly modelId: string
  /** Features in catalogue order. */
  readonly values: Float64Array
  readonly historyTruncated: boolean
  readonly assessment: Assessment
  readonly verdict: Verdict
  readonly nowMs: number
  /** What was owed already, and how applicant and portfolio stood: whoever decides beside it decides within the same. */
  readonly exposure: ExposureReading
  /** What was given in earlier rounds and for this one; nothing in a first decision. */
  readonly evidence?: EvidenceSoFar | undefined
}

/** Who decides now. A swap replaces the whole of it; a decision keeps the one it began to score with. */
export interface Lineup {
  readonly champion: Serving
  /** Who decides for this applicant instead of the champion; undefined for most. A fault of it goes to the champion. */
  readonly challengerOf: (application: Application) => Serving | undefined
  /** Whether anybody would decide beside them: said where it was left out. */
  readonly hasShadow?: boolean
  /** Told of every decision once it is durable, with the decisions then in progress. Never throws, never waits. */
  readonly afterwards: (made: Made, inFlight: number) => void
}
