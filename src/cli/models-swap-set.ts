import { createKeys } from '../redis/keys.ts'
import { readShadowLog } from '../serving/redis-shadow-log.ts'
import { createSwapSet, type SwapSegment } from '../serving/swap-set.ts'
import type { CommandArgs } from './command.ts'
import { withRedis } from './with-redis.ts'

/** Who would change sides if a shadow decided; of one version, or of all that were shadows. */
export async function printSwapSet(version: string | undefined, { env, values, print }: CommandArgs): Promise<void> {
  await withRedis(env, async (redis, prefix) => {
    const swapSet = createSwapSet()
    for await (const entry of readShadowLog(redis, createKeys(prefix).shadow())) {
      if (version === undefined || entry.model.startsWith(`${version}@`)) swapSet.add(entry)
    }
    const segments = swapSet.read()
    if (values.json === true) return print(JSON.stringify(segments))
    if (segments.length === 0) return print('no shadow has decided anything yet')
    for (const line of linesOf(segments)) print(line)
  })
}

function linesOf(segments: readonly SwapSegment[]): string[] {
  const width = Math.max(...segments.map(({ segment }) => segment.length))
  return segments.flatMap(({ segment, decisions, swapIn, swapOut, cells }) => {
    const share = (count: number) => `${count} (${((count / decisions) * 100).toFixed(1)} %)`
    const changed = cells.filter(({ decided, shadow }) => decided !== shadow)
    return [
      `${segment.padEnd(width)}  ${decisions} decisions, approved only by the shadow ${share(swapIn)}, no longer approved ${share(swapOut)}`,
      ...changed.map(({ decided, shadow, count }) => `${''.padEnd(width)}    ${decided} → ${shadow}: ${share(count)}`)
    ]
  })
}
