import autocannon from 'autocannon'

export interface SaturationOptions {
  readonly url: string
  /** Gives the text of the next HTTP request. */
  readonly next: () => string
  readonly connections: number
  readonly seconds: number
  /** Ends about then, if the time is not up before. */
  readonly maxRequests?: number
  readonly onTick?: (requestsPerSecond: number) => void
}

export interface SaturationResult {
  /** Answers of status 2xx a second. */
  readonly rps: number
  readonly requests: number
  readonly errors: number
  /** Of all answers, milliseconds: what a caller waits whose connection sends the next at once. */
  readonly p99: number
  readonly seconds: number
  readonly statuses: Readonly<Record<string, number>>
}

/**
 * As many requests as the service answers: each connection sends the next when it has the answer to the last. That is
 * capacity and says nothing of latency, because whoever waits does not ask.
 */
export async function runSaturation(options: SaturationOptions): Promise<SaturationResult> {
  const { url, next, connections, seconds, maxRequests = Infinity, onTick } = options
  const run = autocannon({
    url,
    method: 'POST',
    connections,
    duration: seconds,
    // Autocannon’s own way, setupRequest, puts headers and body together again for each request, which costs more
    // than all the rest it does. This is the method it calls to get what it is about to write.
    setupClient: (client) => {
      if (typeof client.getRequestBuffer !== 'function') throw new Error('this autocannon has no getRequestBuffer')
      client.getRequestBuffer = next
    }
  })
  let answered = 0
  run.on('tick', ({ counter }) => {
    answered += counter
    if (answered >= maxRequests) run.stop()
    onTick?.(counter)
  })
  const result = await run
  const { duration, non2xx, errors } = result
  const statuses = Object.entries(result.statusCodeStats).map(([status, { count }]) => [status, count])
  return {
    rps: result['2xx'] / duration,
    requests: result['2xx'] + non2xx,
    errors: non2xx + errors,
    p99: result.latency.p99,
    seconds: duration,
    statuses: Object.fromEntries([...statuses, ...(errors > 0 ? [['broken or timed out', errors]] : [])])
  }
}
