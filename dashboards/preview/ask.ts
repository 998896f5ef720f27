const TIMEOUT_MS = 20_000

/** One series of an answer: its labels and its points, time in seconds. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly points: readonly (readonly [seconds: number, value: number])[]
}

export interface Range {
  readonly fromSeconds: number
  readonly toSeconds: number
  readonly stepSeconds: number
}

export interface PrometheusClient {
  readonly instant: (query: string, atSeconds: number) => Promise<Series[]>
  readonly range: (query: string, range: Range) => Promise<Series[]>
}

interface Row {
  readonly metric: Record<string, string>
  readonly value?: [number, string]
  readonly values?: [number, string][]
}

/** Asks a Prometheus over HTTP; throws with its own words what it cannot answer. */
export function createPrometheusClient(address: string): PrometheusClient {
  const ask = async (path: string, params: Record<string, string>): Promise<Series[]> => {
    const response = await fetch(`${address}/api/v1/${path}`, {
      method: 'POST',
      body: new URLSearchParams(params),
      signal: AbortSignal.timeout(TIMEOUT_MS)
    })
    const answer = (await response.json()) as { error?: string; data?: { result: Row[] } }
    if (answer.data === undefined) throw new Error(answer.error ?? `status ${response.status}`)
    return answer.data.result.map(({ metric, value, values }) => ({
      metric,
      points: (values ?? (value === undefined ? [] : [value])).map(([at, text]) => [at, Number(text)] as const)
    }))
  }
  return {
    instant: (query, atSeconds) => ask('query', { query, time: String(atSeconds) }),
    range: (query, { fromSeconds, toSeconds, stepSeconds }) =>
      ask('query_range', { query, start: String(fromSeconds), end: String(toSeconds), step: String(stepSeconds) })
  }
}
