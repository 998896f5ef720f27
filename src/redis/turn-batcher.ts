/**
 * Makes one call of what is asked for in one turn of the event loop. No timer ever delays a request: setImmediate runs when
 * the turn’s sockets were read. `run` gets the requests in order and answers each in its place; when it rejects, everybody
 * in the batch is told.
 *
 * Worth it because a Redis command costs the client some 10 µs whatever is in it (docs/decisions/0007).
 */
export function createTurnBatcher<Request, Reply>(
  run: (requests: readonly Request[]) => Promise<readonly Reply[]>,
  maxBatch: number
): (request: Request) => Promise<Reply> {
  let waiting: { request: Request; resolve: (reply: Reply) => void; reject: (error: unknown) => void }[] = []

  const flush = (): void => {
    if (waiting.length === 0) return
    const batch = waiting
    waiting = []
    settle(batch)
  }

  const settle = (batch: typeof waiting): void => {
    run(batch.map(({ request }) => request)).then(
      (replies) => {
        for (let index = 0; index < batch.length; index++) batch[index]?.resolve(replies[index] as Reply)
      },
      (error: unknown) => {
        for (const { reject } of batch) reject(error)
      }
    )
  }

  return (request) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({ request, resolve, reject })
      // A long turn: the other side begins while this one still reads.
      if (waiting.length >= maxBatch) flush()
    })
}
