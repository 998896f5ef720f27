import { askRedis } from '../launcher/redis-wire.mjs'

/** Microseconds and calls by command. What runs inside a function or script counts there and under its own name. */
export type CommandUse = Readonly<Record<string, { readonly micros: number; readonly calls: number }>>

/** What a Redis has done since it started, by its own account. */
export async function readCommands(url: string): Promise<CommandUse> {
  const [info] = (await askRedis(url, [['INFO', 'commandstats']])) as [string]
  const lines = info.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)
  return Object.fromEntries(
    [...lines].map(([, name, calls, usec]) => [name, { calls: Number(calls), micros: Number(usec) }])
  )
}

/** What was done between two readings, per request, the costliest first. */
export function commandsPerRequest(before: CommandUse, after: CommandUse, requests: number): CommandUse {
  const per = (value: number, earlier = 0): number => (value - earlier) / Math.max(1, requests)
  const used = Object.entries(after).map(([name, { micros, calls }]) => {
    const earlier = before[name]
    return [name, { micros: per(micros, earlier?.micros), calls: per(calls, earlier?.calls) }] as const
  })
  const costly = used.filter(([, { calls }]) => calls > 0.001).sort(([, left], [, right]) => right.micros - left.micros)
  return Object.fromEntries(costly)
}
