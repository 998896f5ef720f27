import type { PanelAnswer } from '../../dashboards/preview/draw-panel.ts'
import type { Dashboard } from '../../dashboards/src/grafana.ts'
import { panelsOf } from './dashboards.ts'

/** Queries that no short run can answer, each with why. */
export const NEED_LONGER: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/offset 1w$/, 'nothing was recorded a week ago'],
  [/offset 5m > 0\)$/, 'nothing was recorded five minutes ago']
]

export interface Asked {
  readonly queries: number
  /** Panels with nothing to show that say what that means. */
  readonly silent: readonly string[]
  /** What keeps panels from being drawn: a query that fails, that has no answer, or whose answer is never a number. */
  readonly problems: readonly string[]
}

/** Judges the answers to all panels of a dashboard. */
export function judgeAnswers(dashboard: Dashboard, answers: ReadonlyMap<number, PanelAnswer>): Asked {
  const silent: string[] = []
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
      else if (whenNone !== undefined) silent.push(`${where}: ${whenNone}`)
      else if (!NEED_LONGER.some(([pattern]) => pattern.test(expr))) problems.push(`${where}: no answer\n    ${expr}`)
    })
  }
  return { queries, silent, problems }
}
