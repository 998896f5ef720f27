import type { BatchMemory, BatchRun, Explained, Score, ScorePlace, ScoreReply, ScoreTask } from './protocol.ts'

const HEAD = { count: 0, explainFromPd: 1, explainFraudFromPd: 2, inferMicros: 3, threadId: 4, hasFraud: 5 } as const
const HEAD_NUMBERS = Object.keys(HEAD).length

interface Place {
  /** As HEAD says, in double precision. */
  readonly head: Float64Array
  /** Row by row. */
  readonly rows: Float32Array
  readonly pd: Float32Array
  readonly fraudPd: Float32Array
}

export function createBatchMemory(size: Omit<BatchMemory, 'shared'>, places: number): BatchMemory {
  return { ...size, shared: new SharedArrayBuffer(places * bytesOf(size)) }
}

/**
 * The side that asks: puts each batch into a free place. A place is free again when its task has ended, whatever it came
 * to, so that a thread that hangs never finds or leaves anything in another’s batch.
 *
 * @param post sends the number of a place to a thread
 */
export function runThrough(memory: BatchMemory, post: ScorePlace): BatchRun {
  const places = placesOf(memory)
  const free = places.map((_, index) => index)
  return async (task) => {
    const index = free.pop()
    const place = places[index ?? Number.NaN]
    if (index === undefined || place === undefined) throw new Error('every place of a batch is taken')
    try {
      write(place, task)
      return read(place, task.count, await post(index))
    } finally {
      free.push(index)
    }
  }
}

/** The side of the thread: scores what lies in the place and leaves the scores there. */
export function scorePlaces(memory: BatchMemory, score: Score): ScorePlace {
  const places = placesOf(memory)
  return async (index) => {
    const place = places[index] as Place
    const { head, rows, pd, fraudPd } = place
    const count = head[HEAD.count] as number
    const reply = await score({
      // A copy: the runtime takes no shared memory.
      rows: rows.slice(0, count * memory.columns),
      count,
      explainFromPd: head[HEAD.explainFromPd] as number,
      explainFraudFromPd: head[HEAD.explainFraudFromPd] as number
    })
    pd.set(reply.pd)
    if (reply.fraud !== undefined) fraudPd.set(reply.fraud.pd)
    head[HEAD.inferMicros] = reply.inferMicros
    head[HEAD.threadId] = reply.threadId
    head[HEAD.hasFraud] = Number(reply.fraud !== undefined)
    const fraudContributions = reply.fraud?.contributions ?? null
    if (reply.contributions === null && fraudContributions === null) return null
    return { contributions: reply.contributions, fraudContributions }
  }
}

function write({ head, rows }: Place, task: ScoreTask): void {
  head[HEAD.count] = task.count
  head[HEAD.explainFromPd] = task.explainFromPd
  head[HEAD.explainFraudFromPd] = task.explainFraudFromPd ?? Number.POSITIVE_INFINITY
  rows.set(task.rows)
}

function read({ head, pd, fraudPd }: Place, count: number, explained: Explained | null): ScoreReply {
  return {
    pd: pd.slice(0, count),
    contributions: explained?.contributions ?? null,
    fraud:
      head[HEAD.hasFraud] === 1
        ? { pd: fraudPd.slice(0, count), contributions: explained?.fraudContributions ?? null }
        : undefined,
    inferMicros: head[HEAD.inferMicros] as number,
    threadId: head[HEAD.threadId] as number
  }
}

function placesOf(memory: BatchMemory): readonly Place[] {
  const { shared, maxRows, columns } = memory
  const bytes = bytesOf(memory)
  return Array.from({ length: shared.byteLength / bytes }, (_, index) => {
    const headAt = index * bytes
    const rowsAt = headAt + HEAD_NUMBERS * Float64Array.BYTES_PER_ELEMENT
    const pdAt = rowsAt + maxRows * columns * Float32Array.BYTES_PER_ELEMENT
    return {
      head: new Float64Array(shared, headAt, HEAD_NUMBERS),
      rows: new Float32Array(shared, rowsAt, maxRows * columns),
      pd: new Float32Array(shared, pdAt, maxRows),
      fraudPd: new Float32Array(shared, pdAt + maxRows * Float32Array.BYTES_PER_ELEMENT, maxRows)
    }
  })
}

/** A multiple of eight, because every place begins with doubles. */
function bytesOf({ maxRows, columns }: Omit<BatchMemory, 'shared'>): number {
  const floats = maxRows * (columns + 2)
  const { BYTES_PER_ELEMENT } = Float64Array
  return (HEAD_NUMBERS + Math.ceil(floats / 2)) * BYTES_PER_ELEMENT
}
