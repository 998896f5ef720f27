import { escapeXml } from '../../load-tests/scenarios/plot.ts'
import type { Dashboard, GridPosition, Panel } from '../src/grafana.ts'
import type { Range } from './ask.ts'
import { drawPanel, type PanelAnswer } from './draw-panel.ts'

/** Pixels of Grafana’s grid at a window of 1600. */
const [COLUMN, LINE, GAP, HEAD] = [65, 38, 8, 28]
export const PAGE_WIDTH = COLUMN * 24 + GAP * 4
const TITLE_HEIGHT = 64

const STYLE = `
body { margin: 0; background: #111217; color: #ccccdc; font: 12px/1.35 system-ui, sans-serif; }
header { padding: 12px 16px; height: 40px; } h1 { font-size: 20px; margin: 0; } header p { margin: 2px 0; color: #9a9aa8; }
main { position: relative; margin: 0 ${GAP}px; }
section, h2 { position: absolute; box-sizing: border-box; overflow: hidden; }
section { background: #181b1f; border: 1px solid #2c3235; border-radius: 3px; padding: 0 8px; }
h2 { font-size: 15px; margin: 0; padding: 8px 4px; }
h3 { font-size: 13px; font-weight: 600; margin: 6px 0 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
section > p.question { margin: 0; color: #8e8e9c; font-size: 11px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
svg { width: 100%; display: block; } svg text { fill: #9a9aa8; font-size: 10px; }
.grid { stroke: #2c3235; } .limit { stroke: #f2495c; stroke-width: 1.2; } .above { fill: #f2495c; opacity: 0.1; }
.legend { width: 100%; border-spacing: 0; font-size: 11px; } .legend i { display: inline-block; width: 12px; height: 3px; margin: 0 6px 3px 0; }
.legend th, .legend td { padding: 0 4px; text-align: right; line-height: 14px; font-weight: normal; } .legend td:first-child { text-align: left; } .legend th { color: #6e9fff; }
.tiles { display: flex; flex-wrap: wrap; gap: 6px; height: calc(100% - 44px); } .tile { position: relative; flex: 1; min-width: 90px; display: flex; flex-direction: column; justify-content: center; align-items: center; }
.tile small { color: #ccccdc; z-index: 1; } .tile b { z-index: 1; font-weight: 600; } .course { position: absolute; bottom: 0; left: 0; height: 100%; }
.bars { width: 100%; border-spacing: 0 2px; } .bars td { line-height: 1; } .bars td:first-child { max-width: 0; width: 55%; text-align: right; padding-right: 8px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; } .bars td:last-child { width: 90px; padding-left: 8px; font-weight: 600; } .bars div { border-radius: 1px; }
.rows { width: 100%; border-spacing: 0; } .rows td, .rows th { text-align: left; padding: 2px 8px; border-bottom: 1px solid #2c3235; } .rows th { color: #6e9fff; font-weight: 500; }
.empty { color: #8e8e9c; text-align: center; margin-top: 40px; } .fault { color: #f2495c; }
`

export interface Page {
  readonly html: string
  /** Pixels, for whoever takes a picture of it. */
  readonly width: number
  readonly height: number
}

/** A dashboard with its answers as one page without scripts or other files. Questions stand below titles: nobody can hover over paper. */
export function drawPage(dashboard: Dashboard, answers: ReadonlyMap<number, PanelAnswer>, range: Range): Page {
  let bottom = 0
  const boxes = dashboard.panels.map((panel) => {
    const box = pixels(panel.gridPos)
    bottom = Math.max(bottom, box.top + box.height)
    const place = `left:${box.left}px;top:${box.top}px;width:${box.width}px;height:${box.height}px`
    if (panel.type === 'row') return `<h2 style="${place}">${escapeXml(panel.title)}</h2>`
    if (panel.type === 'text') return ''
    const answer = answers.get(panel.id) ?? { failure: 'it was not asked' }
    const body = drawPanel(panel, answer, range, box.width - 18, box.height - HEAD - 22)
    return `<section style="${place}"><h3>${escapeXml(panel.title)}${mark(panel)}</h3><p class="question">${escapeXml(panel.description.split('\n')[0] as string)}</p>${body}</section>`
  })
  const height = bottom + TITLE_HEIGHT + GAP
  const shown = `${new Date(range.fromSeconds * 1000).toISOString()} to ${new Date(range.toSeconds * 1000).toISOString()}`
  const html = `<!doctype html><meta charset="utf-8"><title>${escapeXml(dashboard.title)}</title><style>${STYLE}</style>
<header><h1>${escapeXml(dashboard.title)}</h1><p>${escapeXml(dashboard.description)} ${shown}</p></header>
<main style="height:${bottom}px">${boxes.join('\n')}</main>\n`
  return { html, width: PAGE_WIDTH, height }
}

/** A panel that an alert names shows that it leads to what to do. */
function mark({ links = [] }: Panel): string {
  return links.length === 0 ? '' : ' <span style="color:#6e9fff">↗</span>'
}

function pixels({ x, y, w, h }: GridPosition) {
  return { left: x * COLUMN, top: y * LINE, width: w * COLUMN - GAP, height: h * LINE - GAP }
}
