/** The part of autocannon that is used here; the package brings no types. */
declare module 'autocannon' {
  interface Client {
    getRequestBuffer: () => string | Buffer
  }
  interface Options {
    readonly url: string
    readonly method: 'POST'
    readonly connections: number
    readonly duration: number
    readonly setupClient: (client: Client) => void
  }
  interface Result {
    readonly '2xx': number
    readonly non2xx: number
    /** Broken connections and time-outs. */
    readonly errors: number
    /** Seconds. */
    readonly duration: number
    /** Milliseconds, of all answers. */
    readonly latency: { readonly p99: number }
    readonly statusCodeStats: Readonly<Record<string, { readonly count: number }>>
  }
  interface Run extends PromiseLike<Result> {
    stop(): void
    on(event: 'tick', listener: (tick: { readonly counter: number }) => void): this
  }
  interface Autocannon {
    (options: Options): Run
    /** Prints progress and, at the end, a table of its own. */
    track(
      run: Run,
      options: { readonly renderProgressBar: boolean; readonly outputStream: NodeJS.WritableStream }
    ): void
  }
  const autocannon: Autocannon
  // biome-ignore lint/style/noDefaultExport: it is what the package has
  export default autocannon
}
