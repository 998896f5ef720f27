import type { Section } from './dashboard.ts'
import { ranking, stat, timeSeries } from './panels.ts'
import { howMany, orZero, shareBy } from './promql.ts'

/** Which models decide, and what the others would have said. */
export const lineup: Section = {
  title: 'Who decides, and who else would?',
  panels: [
    timeSeries({
      title: 'Decisions by version',
      question: `Whose score do decisions have?
A swap is a clean change of colour; a challenger is a band of its share.`,
      unit: 'percentunit',
      width: 12,
      stacked: true,
      max: 1,
      queries: [{ expr: shareBy('credit_model_decisions_total', 'version'), legend: '{{version}}' }]
    }),
    timeSeries({
      title: 'Scorecard beside the model',
      question: `Would the scorecard put people into the same band?
looser and stricter should stay where they were; a sudden move of both means that an input has changed.`,
      unit: 'percentunit',
      width: 12,
      stacked: true,
      max: 1,
      queries: [{ expr: shareBy('credit_scorecard_agreement_total', 'agreement'), legend: '{{agreement}}' }]
    }),
    ranking({
      title: 'What a shadow would have decided',
      question: `Who would change sides if the shadow decided?
Each line is what was decided, then what the shadow says. bin/assay models swap-set tells it by segment.`,
      whenNone: 'No shadow model runs',
      unit: 'short',
      width: 10,
      queries: [
        {
          expr: howMany('credit_shadow_decisions_total', { by: ['decided', 'shadow'] }),
          legend: '{{decided}} → {{shadow}}'
        }
      ]
    }),
    stat({
      title: 'Changes refused',
      question: `Was a model or policy to be swapped in that is broken?
The one before keeps serving. The gateway’s log names the file and the cause; mend it or roll back. A refused policy counts every five
seconds until it is mended.`,
      unit: 'short',
      width: 7,
      base: 'green',
      steps: [{ from: 1, colour: 'red' }],
      queries: [
        { expr: orZero(howMany('credit_model_activation_failures_total')), legend: 'models' },
        { expr: orZero(howMany('credit_policy_reload_failures_total')), legend: 'policy' }
      ]
    }),
    stat({
      title: 'Challenger decisions left to the champion',
      question: `Does the challenger fail?
It was late, threw or said something that is no probability, and the champion decided instead. Take it out.`,
      unit: 'short',
      width: 7,
      base: 'green',
      steps: [{ from: 1, colour: 'red' }],
      queries: [{ expr: orZero(howMany('credit_challenger_faults_total')), legend: 'left to the champion' }]
    })
  ]
}
