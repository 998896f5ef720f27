/** What Grafana would put in for a range of this many seconds, scraped and drawn so often; $product is “All”. */
export function variablesOf(rangeSeconds: number, rateIntervalSeconds: number): Readonly<Record<string, string>> {
  return { $__rate_interval: `${rateIntervalSeconds}s`, $__range: `${rangeSeconds}s`, $product: '.*' }
}

/** Fills in what Grafana would; a variable that is not known stays, for whoever asks to find. */
export function fill(expression: string, variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables).reduce((filled, [name, value]) => filled.replaceAll(name, value), expression)
}
