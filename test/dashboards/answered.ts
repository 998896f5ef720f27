import type { PanelAnswer } from '../../dashboards/preview/draw-panel.ts'
import type { Dashboard } from '../../dashboards/src/grafana.ts'
import { panelsOf } from './dashboards.ts'

/** Queries that no short run can answer, each with why. */
export const NEED_LONGER: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/offset 1w$/, 'nothing was recorded a week ago'],
  [/offset 5m > 0\)$/, 'nothing was recorded five minutes ago']
]

/** Panels that a good year of the demo leaves empty, each with why; what they show instead is their own words. */
export const QUIET: Readonly<Record<string, string>> = {
  'Decided without a part': 'a fault',
  'Requests refused for overload': 'a fault',
  'Replays and conflicts': 'a fault of a caller',
  'Faults of scoring and of Redis connections': 'a fault',
  'Events set aside by entity': 'nobody sends events of last year',
  'Caps on the rate that bind': 'prices of the policy that ships stay below its caps',
  'Against the policy': 'reviewers seldom overrule',
  'Share approved beside a week ago': 'nothing was recorded a week ago',
  'Beside the hour before': 'nothing was recorded an hour ago',
  'What a shadow would have decided': 'needs a second model',
  'What a shadow model would have decided': 'needs a second model',
  'What a candidate policy would have decided': 'needs a second policy',
  'Observed bad by expected': 'needs 100 bad outcomes',
  'KS and AUC': 'needs 100 bad outcomes',
  'Brier score': 'needs 100 bad outcomes'
}

export interface Asked {
  readonly queries: number
  /** Panels with nothing to show that say what that means. */
  readonly silent: readonly { readonly title: string; readonly words: string }[]
  /** What keeps panels from being drawn: a query that fails, that has no answer, or whose answer is never a number. */
  readonly problems: readonly string[]
}

/** Judges the answers to all panels of a dashboard. */
export function judgeAnswers(dashboard: Dashboard, answers: ReadonlyMap<number, PanelAnswer>): Asked {
  const silent: { title: string; words: string }[] = []
  const problems: string[] = []
  let queries = 0
  for (const { id, title, targets, fieldConfig } of panelsOf(dashboard)) {
    const answer = answers.get(id)
    const whenNone = fieldConfig.defaults.noValue
    targets.forEach(({ expr, refId }, index) => {
      queries++
      const where = `“${title}” ${refId}`
      if (answer?.failure !== undefined) problems.push(`${where}: ${answer.failure}`)
      else if (answer?.answers[index]?.some(({ points }) => points.some(([, value]) => Number.isFinite(value)))) return
      else if (whenNone !== undefined) silent.push({ title, words: `${where}: ${whenNone}` })
      else if (!NEED_LONGER.some(([pattern]) => pattern.test(expr))) problems.push(`${where}: no answer\n    ${expr}`)
    })
  }
  return { queries, silent, problems }
}
