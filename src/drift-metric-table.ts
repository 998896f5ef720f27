import type { Definition } from './metric-definition.ts'

/** What drift is told by; a part of METRICS. */
export const DRIFT_METRICS = {
  credit_score_psi: {
    type: 'gauge',
    help: 'Population stability index of the score against the training part',
    labels: ['model', 'version', 'window']
  },
  credit_score_psi_excess: {
    type: 'gauge',
    help: 'The same above what so small a sample shows without drift',
    labels: ['model', 'version', 'window']
  },
  credit_feature_psi: {
    type: 'gauge',
    help: 'Population stability index of an input over a day against the training part',
    labels: ['model', 'version', 'feature']
  },
  credit_feature_psi_excess: {
    type: 'gauge',
    help: 'The same above what so small a sample shows without drift',
    labels: ['model', 'version', 'feature']
  },
  credit_feature_missing_ratio: {
    type: 'gauge',
    help: 'Share of missing values of an input over a day',
    labels: ['model', 'version', 'feature']
  },
  credit_drift_decisions: {
    type: 'gauge',
    help: 'Scored decisions that drift is measured over',
    labels: ['model', 'version', 'window']
  },
  credit_drift_values_total: {
    type: 'counter',
    help: 'Scores and inputs by bin of the training part',
    labels: ['model', 'version', 'feature', 'bin']
  },
  credit_drift_expected_ratio: {
    type: 'gauge',
    help: 'Share of a bin in the training part',
    labels: ['model', 'version', 'feature', 'bin']
  }
} as const satisfies Record<string, Definition>
