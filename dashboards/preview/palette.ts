/** Grafana’s names of colours in its dark theme. */
const NAMED: Readonly<Record<string, string>> = {
  green: '#73bf69',
  'dark-green': '#37872d',
  'light-green': '#96d98d',
  yellow: '#fade2a',
  'light-orange': '#ffcb7d',
  orange: '#ff9830',
  'dark-orange': '#fa6400',
  'light-red': '#ff7383',
  red: '#f2495c',
  'dark-red': '#c4162a',
  blue: '#5794f2',
  'dark-blue': '#1f60c4',
  purple: '#b877d9',
  text: '#ccccdc',
  transparent: 'transparent'
}

/** Colours of series without one of their own, in the order in which Grafana gives them. */
const CLASSIC = [
  '#7eb26d',
  '#eab839',
  '#6ed0e0',
  '#ef843c',
  '#e24d42',
  '#1f78c1',
  '#ba43a9',
  '#705da0',
  '#508642',
  '#cca300',
  '#447ebc',
  '#c15c17'
]

export function colourNamed(name: string): string {
  const colour = NAMED[name]
  if (colour === undefined) throw new Error(`the preview does not know the colour ${name}`)
  return colour
}

export function colourOfSeries(index: number): string {
  return CLASSIC[index % CLASSIC.length] as string
}

/** From nothing to all, as a heat map shows it. */
export function heat(share: number): string {
  const lightness = 18 + 50 * share
  return `hsl(215, ${Math.round(50 + 30 * share)}%, ${Math.round(lightness)}%)`
}
