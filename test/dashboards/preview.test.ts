import { expect, test } from 'vitest'
import type { Series } from '../../dashboards/preview/ask.ts'
import { drawPage } from '../../dashboards/preview/page.ts'
import { askPanels } from '../../dashboards/preview/preview.ts'
import { withUnit } from '../../dashboards/preview/units.ts'
import { judgeAnswers, QUIET } from './answered.ts'
import { dashboardFiles, panelsOf } from './dashboards.ts'

const RANGE = { fromSeconds: 1_000_000, toSeconds: 1_000_600, stepSeconds: 60 }
const FILES = dashboardFiles().filter(({ name }) => name !== 'runbook.json')

/** Answers everything with two series of every label that a legend may name. */
function answering(values: readonly number[]): Series[] {
  return ['0.1', '+Inf'].map((le) => ({
    metric: { le, product: 'cash', decision: `<${le}>`, job: 'gateway' },
    points: values.map((value, index) => [RANGE.fromSeconds + index * 60, value] as const)
  }))
}

const previewOf = (values: readonly number[], asked: string[] = []) => {
  const answer = async (query: string) => {
    asked.push(query)
    return answering(values)
  }
  return { prometheus: { instant: answer, range: answer }, range: RANGE, scrapeIntervalSeconds: 5 }
}

test.each(FILES)(
  '$name is drawn whole: each panel with its title and question, and nothing of another file',
  async (file) => {
    const asked: string[] = []
    const { html } = drawPage(
      file.dashboard,
      await askPanels(file.dashboard, previewOf([1, 2, Number.NaN, 3], asked)),
      RANGE
    )
    const titles = panelsOf(file.dashboard).map(({ title }) => title)
    expect(titles.filter((title) => !html.includes(title))).toEqual([])
    expect(html.match(/NaN|undefined|<script|<link|https?:|<0\.1>/g)).toBeNull()
    expect(asked.filter((query) => query.includes('$'))).toEqual([])
    expect(judgeAnswers(file.dashboard, await askPanels(file.dashboard, previewOf([1])))).toMatchObject({
      problems: []
    })
  }
)

test('a panel without an answer says what that means, or is a problem', async () => {
  const { dashboard } = FILES.find(({ name }) => name === 'decisions.json')!
  const answers = await askPanels(dashboard, {
    ...previewOf([]),
    prometheus: { instant: async () => [], range: async () => [] }
  })
  const { html } = drawPage(dashboard, answers, RANGE)
  expect(html.includes('None in the time shown')).toBe(true)
  const { problems, silent } = judgeAnswers(dashboard, answers)
  expect(problems.join()).toContain('Decisions per second')
  expect(silent.map(({ title }) => title)).toContain('Decided without a part')
})

test('a query that Prometheus refuses is shown in its words, and is a problem', async () => {
  const { dashboard } = FILES[0]!
  const refuse = async () => {
    throw new Error('parse error at char 7')
  }
  const answers = await askPanels(dashboard, { ...previewOf([]), prometheus: { instant: refuse, range: refuse } })
  expect(drawPage(dashboard, answers, RANGE).html.includes('parse error at char 7')).toBe(true)
  expect(judgeAnswers(dashboard, answers).problems.length).toBeGreaterThan(10)
})

test('what a year of the demo may leave empty are panels with words for it', () => {
  const panels = FILES.flatMap(({ dashboard }) => panelsOf(dashboard))
  const worded = panels.flatMap(({ title, fieldConfig }) => (fieldConfig.defaults.noValue === undefined ? [] : [title]))
  expect(Object.keys(QUIET).filter((title) => !worded.includes(title))).toEqual([])
})

test('values are told in three digits and a unit that fits', () => {
  expect([0.0025, 0.5, 90, 7200, 0].map((value) => withUnit(value, 's'))).toEqual([
    '2.5 ms',
    '500 ms',
    '1.5 min',
    '2 h',
    '0 s'
  ])
  expect([0.4567, 0.00001, 0, 1].map((value) => withUnit(value, 'percentunit'))).toEqual([
    '45.7 %',
    '< 0.01 %',
    '0 %',
    '100 %'
  ])
  expect([1234, 2.5e6, 12].map((value) => withUnit(value, 'short'))).toEqual(['1.23K', '2.5M', '12'])
  expect(withUnit(Number.NaN, 'short')).toBe('–')
})
