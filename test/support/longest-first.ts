import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Longest first; measured on two cores. One that begins last would keep the others waiting for its end. */
export const LONGEST = [
  'test/e2e/live-equals-export.test.ts',
  'test/demo/demo.test.ts',
  'test/faults/jobs.test.ts',
  'test/dashboards/alerts.test.ts',
  'test/e2e/start.test.ts',
  'test/e2e/inbox.test.ts',
  'test/e2e/live-equals-backtest.test.ts',
  'test/e2e/policy.test.ts',
  'test/faults/kills.test.ts',
  'test/e2e/swap.test.ts',
  'test/faults/ingest-boot.test.ts',
  'test/features/history.test.ts',
  'test/load-tests/simulator.test.ts',
  'test/dashboards/queries.test.ts',
  'test/models/fraud.test.ts',
  'test/e2e/live-equals-replay.test.ts',
  'test/e2e/webhooks.test.ts',
  'test/cli/exposure.test.ts',
  'test/exposure/histories.test.ts'
]

/** Begins the known longest files first, and the others in vitest’s own order. */
export class LongestFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(specifications)).toSorted((left, right) => placeOf(left) - placeOf(right))
  }
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = LONGEST.findIndex((file) => moduleId.endsWith(`/${file}`))
  return place === -1 ? LONGEST.length : place
}
