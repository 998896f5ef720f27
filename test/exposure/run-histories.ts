import type { Redis } from 'ioredis'
import { createRandom } from '../../load-tests/random.ts'
import { loadFunctions } from '../../src/redis/functions.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { createGateway } from './gateways.ts'
import { liveHistory, noStats, type Stats } from './history.ts'

export interface HistoriesOptions {
  readonly histories: number
  readonly seed: number
  readonly prefix: string
  /** A connection with this name. */
  readonly connect: (name: string) => Promise<Redis>
  readonly onProgress?: (lived: number) => void
  /** Keeps Redis small: what was written under a prefix is not looked at again. */
  readonly onBatch?: (control: Redis) => Promise<void>
}

export interface HistoriesReport {
  readonly lived: number
  readonly found: readonly string[]
  readonly stats: Stats
}

/** People who live at the same time. */
const AT_ONCE = 16
const BATCH = 200
const GATEWAYS = 2

/** Random histories of many applicants at two gateways with a connection each, until the first that goes wrong. */
export async function runHistories(options: HistoriesOptions): Promise<HistoriesReport> {
  const { histories, seed, prefix, connect, onProgress, onBatch } = options
  const stats = noStats()
  const found: string[] = []
  let lived = 0
  const control = await connect(`${prefix}-control`)
  await loadFunctions(control)
  const connections = await Promise.all(
    Array.from({ length: GATEWAYS }, (_, gateway) => connect(`${prefix.replaceAll(':', '-')}gateway-${gateway}`))
  )
  for (let batch = 0; lived < histories && found.length === 0; batch++) {
    const keys = createKeys(`${prefix}${batch}`)
    const random = createRandom(seed + batch)
    const onExposed = () => {
      stats.exposed++
    }
    const gateways = await Promise.all(connections.map((redis) => createGateway({ redis, keys, random, onExposed })))
    const until = Math.min(histories, lived + BATCH)
    let next = lived
    const lane = async (): Promise<void> => {
      while (next < until && found.length === 0) {
        found.push(...(await liveHistory(seed * 1_000_003 + next++, { gateways, control, keys, stats })))
        lived++
        onProgress?.(lived)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
    await onBatch?.(control)
  }
  return { lived, found, stats }
}
