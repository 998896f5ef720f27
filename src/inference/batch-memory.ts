import type { BatchMemory, BatchRun, Explained, Score, ScorePlace, ScoreReply, ScoreTask } from './protocol.ts'

const HEAD = ['count', 'explainFromPd', 'explainFraudFromPd', 'inferMicros', 'threadId', 'hasFraud'] as const
const [COUNT, EXPLAIN_FROM, EXPLAIN_FRAUD_FROM, INFER_MICROS, THREAD_ID, HAS_FRAUD] = [0, 1, 2, 3, 4, 5]

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
    const count = head[COUNT] as number
    const reply = await score({
      // A copy: the runtime takes no shared memory.
      rows: rows.slice(0, count * memory.columns),
      count,
      explainFromPd: head[EXPLAIN_FROM] as number,
      explainFraudFromPd: head[EXPLAIN_FRAUD_FROM] as number
    })
    pd.set(reply.pd)
    if (reply.fraud !== undefined) fraudPd.set(reply.fraud.pd)
    head[INFER_MICROS] = reply.inferMicros
    head[THREAD_ID] = reply.threadId
    head[HAS_FRAUD] = Number(reply.fraud !== undefined)
    const fraudContributions = reply.fraud?.contributions ?? null
    if (reply.contributions === null && fraudContributions === null) return null
    return { contributions: reply.contributions, fraudContributions }
  }
}

function write({ head, rows }: Place, task: ScoreTask): void {
  head[COUNT] = task.count
  head[EXPLAIN_FROM] = task.explainFromPd
  head[EXPLAIN_FRAUD_FROM] = task.explainFraudFromPd ?? Number.POSITIVE_INFINITY
  rows.set(task.rows)
}

function read({ head, pd, fraudPd }: Place, count: number, explained: Explained | null): ScoreReply {
  return {
    pd: pd.slice(0, count),
    contributions: explained?.contributions ?? null,
    fraud:
      head[HAS_FRAUD] === 1
        ? { pd: fraudPd.slice(0, count), contributions: explained?.fraudContributions ?? null }
        : undefined,
    inferMicros: head[INFER_MICROS] as number,
    threadId: head[THREAD_ID] as number
  }
}

function placesOf(memory: BatchMemory): readonly Place[] {
  const { shared, maxRows, columns } = memory
  const bytes = bytesOf(memory)
  return Array.from({ length: shared.byteLength / bytes }, (_, index) => {
    const headAt = index * bytes
    const rowsAt = headAt + HEAD.length * Float64Array.BYTES_PER_ELEMENT
    const pdAt = rowsAt + maxRows * columns * Float32Array.BYTES_PER_ELEMENT
    return {
      head: new Float64Array(shared, headAt, HEAD.length),
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
  return (HEAD.length + Math.ceil(floats / 2)) * BYTES_PER_ELEMENT
}
