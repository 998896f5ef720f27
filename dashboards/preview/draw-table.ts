import { escapeXml } from '../../load-tests/scenarios/plot.ts'
import type { Panel } from '../src/grafana.ts'
import type { Series } from './ask.ts'
import { thresholdColour } from './draw-stat.ts'
import { colourNamed } from './palette.ts'
import { withUnit } from './units.ts'

/** Labels as columns, then the value, with what the panel leaves out and renames. */
export function drawTable(panel: Panel, answers: readonly (readonly Series[])[]): string {
  const { excludeByName = {}, renameByName = {} } = organised(panel)
  const series = answers.flat()
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].filter(
    (label) => excludeByName[label] !== true
  )
  const valueName = excludeByName.Value === true ? undefined : (renameByName.Value ?? 'Value')
  const { unit, thresholds, mappings } = panel.fieldConfig.defaults
  const head = [...labels.map((label) => renameByName[label] ?? label), ...(valueName === undefined ? [] : [valueName])]
  const rows = series.map(({ metric, points }) => {
    const cells = labels.map((label) => `<td>${escapeXml(metric[label] ?? '')}</td>`)
    const value = points.at(-1)?.[1] ?? Number.NaN
    const word = mappings?.[0]?.options[String(value)]
    const colour = colourNamed(word?.color ?? thresholdColour(thresholds, value))
    const text = word?.text ?? withUnit(value, unit)
    if (valueName !== undefined) cells.push(`<td style="color:${colour}">${escapeXml(text)}</td>`)
    return `<tr>${cells.join('')}</tr>`
  })
  return `<table class="rows"><tr>${head.map((name) => `<th>${escapeXml(name)}</th>`).join('')}</tr>${rows.join('')}</table>`
}

function organised({ transformations = [] }: Panel) {
  const found = transformations.find(({ id }) => id === 'organize')?.options
  return (found ?? {}) as { excludeByName?: Record<string, boolean>; renameByName?: Record<string, string> }
}
